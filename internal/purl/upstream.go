package purl

// UpstreamOfCPE gives the name in [Upstream] of the software that the NVD knows as an application of this vendor and product, both as a CPE
// 2.3 name writes them but for backslashes: "igor_sysoev" and "nginx" are "nginx". It is false for software that is not recognised in
// images: what a table does not name cannot be matched by chance.
//
// A product had other vendors before, and a library that is made and released together with a program (libcurl) has the program's name.
func UpstreamOfCPE(vendor, product string) (name string, ok bool) {
	name = upstreamProduct(vendor, product)
	return name, name != ""
}

func upstreamProduct(vendor, product string) string {
	switch vendor + ":" + product {
	case "f5:nginx", "nginx:nginx", "igor_sysoev:nginx", "f5:nginx_open_source":
		return "nginx"
	case "apache:http_server":
		return "httpd"
	case "haproxy:haproxy":
		return "haproxy"
	case "lighttpd:lighttpd":
		return "lighttpd"
	case "squid-cache:squid", "squid:squid":
		return "squid"
	case "varnish-cache:varnish", "varnish-cache:varnish_cache", "varnish-software:varnish_cache", "varnish_cache_project:varnish_cache",
		"varnish.projects.linpro:varnish", "vinyl-cache:vinyl_cache":
		return "varnish"
	case "envoyproxy:envoy":
		return "envoy"
	case "apache:tomcat":
		return "tomcat"
	case "wordpress:wordpress":
		return "wordpress"
	case "drupal:drupal":
		return "drupal"
	case "joomla:joomla\\!", "joomla:joomla!", "joomla:joomla":
		return "joomla"

	case "redis:redis", "redislabs:redis", "pivotal_software:redis":
		return "redis"
	case "lfprojects:valkey", "valkey-io:valkey", "linuxfoundation:valkey":
		return "valkey"
	case "memcached:memcached", "memcachedb:memcached":
		return "memcached"
	case "postgresql:postgresql":
		return "postgresql"
	case "oracle:mysql", "oracle:mysql_server", "mysql:mysql", "mysql:mysql_community_server":
		return "mysql"
	case "mariadb:mariadb":
		return "mariadb"
	case "mongodb:mongodb":
		return "mongodb"
	case "sqlite:sqlite":
		return "sqlite"

	case "nodejs:node.js", "nodejs:nodejs", "joyent:node.js":
		return "node"
	case "deno:deno", "denoland:deno":
		return "deno"
	case "oven:bun", "bun:bun":
		return "bun"
	case "python:python", "python_software_foundation:python":
		return "python"
	case "php:php", "php_group:php":
		return "php"
	case "ruby-lang:ruby", "yukihiro_matsumoto:ruby":
		return "ruby"
	case "perl:perl", "larry_wall:perl":
		return "perl"
	case "erlang:erlang/otp", "erlang:otp":
		return "erlang"
	case "rust-lang:rust":
		return "rust"
	case "julialang:julia":
		return "julia"
	case "oracle:openjdk":
		return "openjdk"
	case "oracle:jdk", "oracle:jre", "sun:jdk", "sun:jre", "oracle:java_se":
		return "oracle-jdk"
	case "oracle:graalvm", "oracle:graalvm_for_jdk":
		return "graalvm"

	case "openssl:openssl", "openssl_project:openssl":
		return "openssl"
	case "haxx:curl", "haxx:libcurl", "curl:curl", "curl:libcurl", "libcurl:libcurl", "daniel_stenberg:curl":
		return "curl"
	case "openbsd:openssh":
		return "openssh"
	case "busybox:busybox":
		return "busybox"
	case "gnu:bash":
		return "bash"
	case "git-scm:git", "git:git", "git_project:git":
		return "git"
	case "zlib:zlib", "gnu:zlib":
		return "zlib"
	}
	return ""
}

package java

import "strings"

// wellKnown tells the group of an artifact that is known by its name. Listed is what is often deployed in jars without Maven's
// metadata: built with Ant or Gradle, or before Maven. A name that several groups use is not listed, unless the major version
// tells them apart.
func wellKnown(name, version string) (group string, ok bool) {
	if name == "" || len(name) > 64 || strings.ContainsAny(name, " \n:*@") {
		return "", false
	}
	if group, ok = listed(name); ok {
		return group, true
	}
	if major := len(version) - len(strings.TrimLeft(version, "0123456789")); major > 0 && major < 4 {
		if group, ok = listed(name + "@" + version[:major]); ok {
			return group, true
		}
	}
	// Families: "spring-boot*". The longest that is listed counts.
	for n := len(name); n > 0; n-- {
		if group, ok = listed(name[:n] + "*"); ok {
			return group, true
		}
	}
	return "", false
}

// listed finds the line on which a word stands.
func listed(word string) (group string, ok bool) {
	for from := 0; ; {
		i := strings.Index(wellKnownGroups[from:], " "+word)
		if i < 0 {
			return "", false
		}
		i += from
		from = i + 1
		if end := i + 1 + len(word); wellKnownGroups[end] == ' ' || wellKnownGroups[end] == '\n' {
			line := strings.LastIndexByte(wellKnownGroups[:i], '\n') + 1
			group, _, _ = strings.Cut(wellKnownGroups[line:i], ":")
			return group, true
		}
	}
}

// wellKnownGroups has a group and its artifacts on each line: whole names, with @ names of one major version, with * beginnings.
const wellKnownGroups = `
ant-contrib: ant-contrib
antlr: antlr
aopalliance: aopalliance
asm: asm@1 asm@2 asm@3
avalon-framework: avalon-framework
axis: axis
cglib: cglib cglib-nodep
ch.qos.logback: logback-access logback-classic logback-core
ch.qos.reload4j: reload4j
classworlds: classworlds
com.alibaba: fastjson
com.auth0: java-jwt jwks-rsa
com.fasterxml.jackson.core: jackson-annotations jackson-core jackson-databind
com.fasterxml.jackson.dataformat: jackson-dataformat-*
com.fasterxml.jackson.datatype: jackson-datatype-*
com.fasterxml.jackson.module: jackson-module-*
com.fasterxml.woodstox: woodstox-core
com.google.code.findbugs: jsr305
com.google.code.gson: gson
com.google.guava: failureaccess guava guava-gwt listenablefuture
com.google.inject.extensions: guice-*
com.google.inject: guice
com.google.protobuf: protobuf-java protobuf-java-util protobuf-javalite
com.googlecode.json-simple: json-simple
com.h2database: h2
com.hazelcast: hazelcast hazelcast-all
com.ibm.icu: icu4j*
com.itextpdf: itextpdf
com.jayway.jsonpath: json-path
com.jcraft: jsch
com.lowagie: itext
com.mchange: c3p0
com.microsoft.sqlserver: mssql-jdbc
com.mysql: mysql-connector-j
com.nimbusds: nimbus-jose-jwt oauth2-oidc-sdk
com.oracle.database.jdbc: ojdbc10 ojdbc11 ojdbc5 ojdbc6 ojdbc7 ojdbc8 orai18n ucp
com.squareup.okhttp3: logging-interceptor okhttp-tls okhttp-urlconnection
com.squareup.okhttp3: okhttp@3 okhttp@4 okhttp@5
com.squareup.okhttp: okhttp@2
com.squareup.okio: okio okio-jvm
com.squareup.retrofit2: retrofit
com.thoughtworks.xstream: xstream
commons-attributes: commons-attributes-api
commons-beanutils: commons-beanutils
commons-chain: commons-chain
commons-cli: commons-cli
commons-codec: commons-codec
commons-collections: commons-collections
commons-configuration: commons-configuration
commons-daemon: commons-daemon
commons-dbcp: commons-dbcp
commons-dbutils: commons-dbutils
commons-digester: commons-digester
commons-discovery: commons-discovery
commons-el: commons-el
commons-fileupload: commons-fileupload
commons-httpclient: commons-httpclient
commons-io: commons-io
commons-jexl: commons-jexl
commons-jxpath: commons-jxpath
commons-lang: commons-lang
commons-launcher: commons-launcher
commons-logging: commons-logging
commons-modeler: commons-modeler
commons-net: commons-net
commons-pool: commons-pool
commons-primitives: commons-primitives
commons-validator: commons-validator
dom4j: dom4j@1
hsqldb: hsqldb@1
io.micrometer: micrometer-*
io.netty: netty-codec* netty-handler* netty-resolver* netty-tcnative* netty-transport*
io.opentelemetry: opentelemetry-sdk*
io.projectreactor.netty: reactor-netty reactor-netty-core reactor-netty-http
io.projectreactor: reactor-core
io.reactivex.rxjava2: rxjava@2
io.reactivex.rxjava3: rxjava@3
io.reactivex: rxjava@1
io.undertow: undertow-core undertow-servlet undertow-websockets-jsr
io.vertx: vertx-*
javax.activation: activation
javax.inject: javax.inject
javax.mail: mail
javax.servlet.jsp: jsp-api
javax.servlet: javax.servlet-api servlet-api
jaxen: jaxen
joda-time: joda-time
jstl: jstl
junit: junit
log4j: log4j
mysql: mysql-connector-java
net.bytebuddy: byte-buddy byte-buddy-agent
net.java.dev.jna: jna jna-platform
net.minidev: accessors-smart json-smart
net.sf.ehcache: ehcache
net.sf.json-lib: json-lib
net.sourceforge.jtds: jtds
ognl: ognl
org.apache-extras.beanshell: bsh
org.apache.ant: ant ant-*
org.apache.avro: avro
org.apache.bcel: bcel
org.apache.cassandra: cassandra-all
org.apache.commons: commons-beanutils2 commons-collections4 commons-compress commons-configuration2 commons-crypto commons-csv
org.apache.commons: commons-dbcp2 commons-digester3 commons-email commons-exec commons-fileupload2 commons-fileupload2-core
org.apache.commons: commons-imaging commons-jcs-core commons-jexl3 commons-lang3 commons-math commons-math3 commons-pool2
org.apache.commons: commons-rng-simple commons-text commons-vfs2
org.apache.derby: derby derby*
org.apache.httpcomponents.client5: httpclient5 httpclient5-fluent
org.apache.httpcomponents.core5: httpcore5 httpcore5-h2
org.apache.httpcomponents: fluent-hc httpasyncclient httpclient httpclient-cache httpcore httpcore-nio httpmime
org.apache.ivy: ivy
org.apache.kafka: connect-api connect-json connect-runtime kafka-clients kafka-streams kafka_2.10 kafka_2.11 kafka_2.12 kafka_2.13
org.apache.logging.log4j: log4j-*
org.apache.lucene: lucene-*
org.apache.pdfbox: fontbox jempbox pdfbox xmpbox
org.apache.poi: poi poi-ooxml poi-ooxml-lite poi-ooxml-schemas poi-scratchpad
org.apache.santuario: xmlsec
org.apache.solr: solr-core solr-solrj
org.apache.struts.xwork: xwork-core
org.apache.struts: struts-core struts-extras struts-taglib struts-tiles struts2-convention-plugin struts2-core struts2-json-plugin
org.apache.struts: struts2-rest-plugin struts2-spring-plugin struts2-tiles-plugin
org.apache.tika: tika-app tika-core tika-parsers tika-server
org.apache.tomcat.embed: tomcat-embed-*
org.apache.tomcat: tomcat-*
org.apache.velocity: velocity velocity-engine-core
org.apache.xmlbeans: xmlbeans
org.apache.xmlgraphics: batik-* fop fop-* xmlgraphics-commons
org.apache.zookeeper: zookeeper zookeeper-jute
org.aspectj: aspectjrt aspectjtools aspectjweaver
org.bouncycastle: bc-fips bcmail-jdk15on bcmail-jdk18on bcpg-jdk15on bcpg-jdk18on bcpkix-fips bcpkix-jdk15on bcpkix-jdk15to18
org.bouncycastle: bcpkix-jdk18on bcprov-ext-jdk15on bcprov-ext-jdk18on bcprov-jdk14 bcprov-jdk15 bcprov-jdk15on bcprov-jdk15to18
org.bouncycastle: bcprov-jdk16 bcprov-jdk18on bctls-fips bctls-fips-jdk15on bctls-jdk15on bctls-jdk18on bcutil-jdk15on
org.bouncycastle: bcutil-jdk15to18 bcutil-jdk18on
org.codehaus.groovy: groovy-all
org.codehaus.jackson: jackson-core-asl jackson-jaxrs jackson-mapper-asl jackson-xc
org.codehaus.jettison: jettison
org.directwebremoting: dwr
org.dom4j: dom4j@2
org.elasticsearch: elasticsearch elasticsearch-cli elasticsearch-core elasticsearch-x-content
org.gradle: gradle-wrapper
org.hibernate.orm: hibernate-core@6 hibernate-core@7
org.hibernate: hibernate-core@3 hibernate-core@4 hibernate-core@5
org.hsqldb: hsqldb@2
org.jasypt: jasypt
org.javassist: javassist
org.jdom: jdom
org.jetbrains.kotlin: kotlin-reflect* kotlin-stdlib*
org.jfree: jcommon jfreechart
org.jruby: jruby-complete jruby-core jruby-stdlib
org.jsoup: jsoup
org.mariadb.jdbc: mariadb-java-client
org.mozilla: rhino
org.opensearch: opensearch opensearch-core opensearch-x-content
org.ow2.asm: asm@4 asm@5 asm@6 asm@7 asm@8 asm@9 asm-analysis asm-commons asm-tree asm-util
org.postgresql: postgresql
org.projectlombok: lombok
org.python: jython jython-standalone
org.quartz-scheduler: quartz
org.reactivestreams: reactive-streams
org.scala-lang: scala-compiler scala-library scala-reflect
org.slf4j: jcl-over-slf4j jul-to-slf4j log4j-over-slf4j slf4j-api slf4j-ext slf4j-jdk14 slf4j-log4j12 slf4j-nop slf4j-reload4j
org.slf4j: slf4j-simple
org.springframework.amqp: spring-amqp spring-rabbit spring-rabbit-stream
org.springframework.batch: spring-batch-*
org.springframework.boot: spring-boot*
org.springframework.data: spring-data-*
org.springframework.graphql: spring-graphql*
org.springframework.hateoas: spring-hateoas*
org.springframework.integration: spring-integration-*
org.springframework.kafka: spring-kafka*
org.springframework.ldap: spring-ldap-*
org.springframework.plugin: spring-plugin-*
org.springframework.restdocs: spring-restdocs-*
org.springframework.retry: spring-retry*
org.springframework.security.oauth: spring-security-oauth spring-security-oauth2
org.springframework.security: spring-security-*
org.springframework.session: spring-session-*
org.springframework.webflow: spring-webflow*
org.springframework.ws: spring-ws-*
org.springframework: spring spring-aop spring-aspects spring-beans spring-context spring-context-indexer spring-context-support
org.springframework: spring-core spring-expression spring-instrument spring-instrument-tomcat spring-jcl spring-jdbc spring-jms
org.springframework: spring-messaging spring-orm spring-oxm spring-r2dbc spring-struts spring-test spring-tx spring-web
org.springframework: spring-webflux spring-webmvc spring-webmvc-portlet spring-websocket
org.webjars: swagger-ui
org.xerial.snappy: snappy-java
org.xerial: sqlite-jdbc
org.yaml: snakeyaml
oro: oro
struts: struts
wsdl4j: wsdl4j
xalan: xalan
xerces: xerces xercesImpl xmlParserAPIs
xml-apis: xml-apis
xml-resolver: xml-resolver
xmlunit: xmlunit
xom: xom
xpp3: xpp3 xpp3_min
`

package java

import "strings"

// wellKnown tells the group of an artifact that is known by its name. Listed is what is often deployed in jars without Maven's
// metadata: built with Ant or Gradle, or before Maven. A name that several groups use is not listed, unless the version tells
// them apart.
func wellKnown(name, version string) (group string, ok bool) {
	if name == "" || len(name) > 64 || strings.ContainsAny(name, " \n:*@") {
		return "", false
	}
	if group, ok = listed(name); ok {
		return group, true
	}
	if major := len(version) - len(strings.TrimLeft(version, "0123456789")); major > 0 && major < 4 {
		minor := len(version)
		if digits := strings.TrimPrefix(version[major:], "."); len(digits) < len(version)-major {
			minor -= len(strings.TrimLeft(digits, "0123456789"))
		}
		for _, n := range []int{minor, major} {
			if group, ok = listed(name + "@" + version[:n]); ok {
				return group, true
			}
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

// wellKnownGroups has a group and its artifacts on each line: whole names, with @ names of one version (its major number, or that and the
// minor one), with * beginnings. BeanShell before 2.0b6 was org.beanshell's too, but its advisory (CVE-2016-2510) knows only the other group.
const wellKnownGroups = `
ant-contrib: ant-contrib
antlr: antlr
aopalliance: aopalliance
args4j: args4j
asm: asm@1 asm@2 asm@3
avalon-framework: avalon-framework
axis: axis
biz.aQute.bnd: biz.aQute.*
bsf: bsf
cglib: cglib cglib-nodep
ch.qos.logback: logback-access logback-classic logback-core
ch.qos.reload4j: reload4j
classworlds: classworlds
com.alibaba: fastjson
com.auth0: java-jwt jwks-rsa
com.beust: jcommander@1
com.esotericsoftware: kryo@3 kryo@4 kryo@5
com.esotericsoftware.kryo: kryo@1 kryo@2
com.fasterxml.jackson.core: jackson-annotations jackson-core jackson-databind
com.fasterxml.jackson.dataformat: jackson-dataformat-*
com.fasterxml.jackson.datatype: jackson-datatype-*
com.fasterxml.jackson.module: jackson-module-*
com.fasterxml.woodstox: woodstox-core
com.github.javaparser: javaparser-core
com.github.jnr: jffi jnr-constants jnr-ffi jnr-posix jnr-x86asm
com.google.code.findbugs: jsr305
com.google.code.gson: gson
com.google.errorprone: error_prone_annotation error_prone_annotations error_prone_type_annotations
com.google.guava: failureaccess guava guava-gwt listenablefuture
com.google.inject: guice
com.google.inject.extensions: guice-*
com.google.protobuf: protobuf-java protobuf-java-util protobuf-javalite
com.googlecode.javaewah: JavaEWAH
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
com.squareup.okhttp: okhttp@2
com.squareup.okhttp3: logging-interceptor okhttp-tls okhttp-urlconnection
com.squareup.okhttp3: okhttp@3 okhttp@4 okhttp@5
com.squareup.okio: okio okio-jvm
com.squareup.retrofit2: retrofit
com.sun.mail: mailapi@1.5 mailapi@1.6
com.sun.xml.fastinfoset: FastInfoset
com.thoughtworks.qdox: qdox@2
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
commons-logging: commons-logging-adapters commons-logging-api
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
io.projectreactor: reactor-core
io.projectreactor.netty: reactor-netty reactor-netty-core reactor-netty-http
io.reactivex: rxjava@1
io.reactivex.rxjava2: rxjava@2
io.reactivex.rxjava3: rxjava@3
io.undertow: undertow-core undertow-servlet undertow-websockets-jsr
io.vertx: vertx-*
isorelax: isorelax
jakarta-regexp: jakarta-regexp
jakarta.ws.rs: jakarta.ws.rs-api
javax.activation: activation
javax.el: javax.el-api
javax.inject: javax.inject
javax.mail: mail
javax.mail: javax.mail-api
javax.servlet: javax.servlet-api servlet-api
javax.servlet.jsp: jsp-api
javax.servlet.jsp: javax.servlet.jsp-api
javax.websocket: javax.websocket-api javax.websocket-client-api
javax.xml.bind: jaxb-api
jaxen: jaxen
jcifs: jcifs
jline: jline@1 jline@2
joda-time: joda-time
jstl: jstl
junit: junit
log4j: log4j
mysql: mysql-connector-java
net.bytebuddy: byte-buddy byte-buddy-agent
net.java.dev.jna: jna jna-platform
net.lingala.zip4j: zip4j
net.minidev: accessors-smart json-smart
net.rubygrapefruit: native-platform
net.sf.ehcache: ehcache
net.sf.json-lib: json-lib
net.sf.saxon: Saxon-HE
net.sourceforge.jtds: jtds
ognl: ognl
org.apache-extras.beanshell: bsh@1 bsh@2.0
org.apache.activemq: activemq-all activemq-broker activemq-client activemq-console activemq-core activemq-http activemq-jdbc-store
org.apache.activemq: activemq-kahadb-store activemq-log4j-appender activemq-mqtt activemq-openwire-legacy activemq-ra activemq-run activemq-spring
org.apache.activemq: activemq-stomp activemq-web
org.apache.ant: ant ant-*
org.apache.avro: avro
org.apache.bcel: bcel
org.apache.cassandra: cassandra-all
org.apache.commons: commons-beanutils2 commons-collections4 commons-compress commons-configuration2 commons-crypto commons-csv
org.apache.commons: commons-dbcp2 commons-digester3 commons-email commons-exec commons-fileupload2 commons-fileupload2-core
org.apache.commons: commons-imaging commons-jcs-core commons-jexl3 commons-lang3 commons-math commons-math3 commons-pool2
org.apache.commons: commons-rng-simple commons-text commons-vfs2
org.apache.derby: derby derby*
org.apache.geronimo.specs: geronimo-interceptor_* geronimo-j2ee-* geronimo-jms_* geronimo-jta_* geronimo-servlet_*
org.apache.groovy: groovy@4 groovy@5 groovy-ant@4 groovy-ant@5 groovy-console@4 groovy-console@5 groovy-docgenerator@4 groovy-docgenerator@5
org.apache.groovy: groovy-groovydoc@4 groovy-groovydoc@5 groovy-groovysh@4 groovy-groovysh@5 groovy-jmx@4 groovy-jmx@5 groovy-json@4
org.apache.groovy: groovy-json@5 groovy-jsr223@4 groovy-jsr223@5 groovy-nio@4 groovy-nio@5 groovy-servlet@4 groovy-servlet@5 groovy-sql@4
org.apache.groovy: groovy-sql@5 groovy-swing@4 groovy-swing@5 groovy-templates@4 groovy-templates@5 groovy-test@4 groovy-test@5 groovy-xml@4
org.apache.groovy: groovy-xml@5
org.apache.httpcomponents: fluent-hc httpasyncclient httpclient httpclient-cache httpcore httpcore-nio httpmime
org.apache.httpcomponents.client5: httpclient5 httpclient5-fluent
org.apache.httpcomponents.core5: httpcore5 httpcore5-h2
org.apache.ivy: ivy
org.apache.kafka: connect-api connect-json connect-runtime kafka-clients kafka-streams kafka_2.10 kafka_2.11 kafka_2.12 kafka_2.13
org.apache.logging.log4j: log4j-*
org.apache.lucene: lucene-*
org.apache.maven: maven-artifact maven-builder-support maven-compat maven-core maven-embedder maven-model maven-model-builder
org.apache.maven: maven-plugin-api maven-repository-metadata maven-resolver-provider maven-settings maven-settings-builder maven-slf4j-provider
org.apache.maven.resolver: maven-resolver-api maven-resolver-connector-basic maven-resolver-impl maven-resolver-named-locks maven-resolver-spi
org.apache.maven.resolver: maven-resolver-test-util maven-resolver-transport-* maven-resolver-util
org.apache.maven.shared: file-management maven-shared-io maven-shared-utils
org.apache.maven.wagon: wagon-file wagon-http wagon-http-lightweight wagon-http-shared wagon-provider-api
org.apache.mina: mina-core mina-filter-compression mina-integration-*
org.apache.pdfbox: fontbox jempbox pdfbox xmpbox
org.apache.poi: poi poi-ooxml poi-ooxml-lite poi-ooxml-schemas poi-scratchpad
org.apache.santuario: xmlsec
org.apache.solr: solr-core solr-solrj
org.apache.struts: struts-core struts-extras struts-taglib struts-tiles struts2-convention-plugin struts2-core struts2-json-plugin
org.apache.struts: struts2-rest-plugin struts2-spring-plugin struts2-tiles-plugin
org.apache.struts.xwork: xwork-core
org.apache.thrift: libthrift
org.apache.tika: tika-app tika-core tika-parsers tika-server
org.apache.tomcat: tomcat-*
org.apache.tomcat.embed: tomcat-embed-*
org.apache.velocity: velocity velocity-engine-core
org.apache.xbean: xbean-asm-util xbean-bundleutils xbean-finder xbean-naming xbean-reflect xbean-spring
org.apache.xmlbeans: xmlbeans
org.apache.xmlgraphics: batik-* fop fop-* xmlgraphics-commons
org.apache.zookeeper: zookeeper zookeeper-jute
org.apache.zookeeper: zookeeper-contrib-* zookeeper-recipes-*
org.aspectj: aspectjrt aspectjtools aspectjweaver
org.beanshell: bsh@2.1
org.bouncycastle: bc-fips bcmail-jdk15on bcmail-jdk18on bcpg-jdk15on bcpg-jdk18on bcpkix-fips bcpkix-jdk15on bcpkix-jdk15to18
org.bouncycastle: bcpkix-jdk18on bcprov-ext-jdk15on bcprov-ext-jdk18on bcprov-jdk14 bcprov-jdk15 bcprov-jdk15on bcprov-jdk15to18
org.bouncycastle: bcprov-jdk16 bcprov-jdk18on bctls-fips bctls-fips-jdk15on bctls-jdk15on bctls-jdk18on bcutil-jdk15on
org.bouncycastle: bcutil-jdk15to18 bcutil-jdk18on
org.codehaus.groovy: groovy-all
org.codehaus.groovy: groovy@1 groovy@2 groovy@3 groovy-ant@2 groovy-ant@3 groovy-console@2 groovy-console@3 groovy-docgenerator@2
org.codehaus.groovy: groovy-docgenerator@3 groovy-groovydoc@2 groovy-groovydoc@3 groovy-groovysh@2 groovy-groovysh@3 groovy-jmx@2
org.codehaus.groovy: groovy-jmx@3 groovy-json@2 groovy-json@3 groovy-jsr223@2 groovy-jsr223@3 groovy-nio@2 groovy-nio@3 groovy-servlet@2
org.codehaus.groovy: groovy-servlet@3 groovy-sql@2 groovy-sql@3 groovy-swing@2 groovy-swing@3 groovy-templates@2 groovy-templates@3
org.codehaus.groovy: groovy-test@2 groovy-test@3 groovy-xml@2 groovy-xml@3
org.codehaus.jackson: jackson-core-asl jackson-jaxrs jackson-mapper-asl jackson-xc
org.codehaus.jettison: jettison
org.codehaus.plexus: plexus-archiver plexus-component-annotations plexus-container-default plexus-io plexus-utils
org.codehaus.plexus: plexus-cipher@2 plexus-sec-dispatcher@2
org.codehaus.woodstox: stax2-api woodstox-core-asl
org.directwebremoting: dwr
org.dom4j: dom4j@2
org.eclipse.jetty: apache-jsp apache-jstl jetty-alpn-* jetty-jaspi jetty-util-ajax
org.eclipse.jetty.http2: http2-client http2-common http2-hpack http2-http-client-transport http2-server
org.eclipse.sisu: org.eclipse.sisu.inject org.eclipse.sisu.plexus
org.elasticsearch: elasticsearch elasticsearch-cli elasticsearch-core elasticsearch-x-content
org.fusesource.jansi: jansi@1 jansi@2
org.glassfish.jaxb: jaxb-runtime
org.gradle: gradle-wrapper
org.gradle: gradle-announce gradle-antlr gradle-base-services gradle-base-services-groovy gradle-build-cache* gradle-build-init gradle-code-quality
org.gradle: gradle-composite-builds gradle-core gradle-core-api gradle-dependency-management gradle-diagnostics gradle-ide gradle-ide-*
org.gradle: gradle-installation-beacon gradle-jvm-services gradle-language-* gradle-launcher gradle-logging gradle-messaging gradle-model-core
org.gradle: gradle-model-groovy gradle-native gradle-persistent-cache gradle-platform-* gradle-plugin-use gradle-plugins gradle-process-services
org.gradle: gradle-resources gradle-resources-* gradle-runtime-api-info gradle-test-kit gradle-testing-* gradle-tooling-api* gradle-version-control
org.hamcrest: hamcrest hamcrest-all hamcrest-core hamcrest-integration hamcrest-library
org.hibernate: hibernate-core@3 hibernate-core@4 hibernate-core@5
org.hibernate.orm: hibernate-core@6 hibernate-core@7
org.hsqldb: hsqldb@2
org.jasypt: jasypt
org.javassist: javassist
org.jboss.logging: jboss-logging-annotations jboss-logging-processor
org.jboss.resteasy: resteasy-client resteasy-core resteasy-jackson2-provider resteasy-jaxrs
org.jdom: jdom
org.jdom: jdom2
org.jetbrains.kotlin: kotlin-reflect* kotlin-stdlib*
org.jfree: jcommon jfreechart
org.jgroups: jgroups
org.jruby: jruby-complete jruby-core jruby-stdlib
org.jsoup: jsoup
org.mariadb.jdbc: mariadb-java-client
org.mongodb: mongo-java-driver mongodb-driver mongodb-driver-core mongodb-driver-sync
org.mozilla: rhino
org.objenesis: objenesis
org.opensearch: opensearch opensearch-core opensearch-x-content
org.osgi: osgi.annotation osgi.cmpn osgi.core
org.ow2.asm: asm@4 asm@5 asm@6 asm@7 asm@8 asm@9 asm-analysis asm-commons asm-tree asm-util
org.ow2.asm: asm-all@4 asm-all@5 asm-all@6
org.postgresql: postgresql
org.projectlombok: lombok
org.python: jython jython-standalone
org.quartz-scheduler: quartz
org.reactivestreams: reactive-streams
org.scala-lang: scala-compiler scala-library scala-reflect
org.scala-lang: scala-actors
org.scala-lang.modules: scala-parser-combinators_* scala-xml_*
org.slf4j: jcl-over-slf4j jul-to-slf4j log4j-over-slf4j slf4j-api slf4j-ext slf4j-jdk14 slf4j-log4j12 slf4j-nop slf4j-reload4j
org.slf4j: slf4j-simple
org.slf4j: slf4j-jcl
org.sonatype.plexus: plexus-cipher@1 plexus-sec-dispatcher@1
org.springframework: spring spring-aop spring-aspects spring-beans spring-context spring-context-indexer spring-context-support
org.springframework: spring-core spring-expression spring-instrument spring-instrument-tomcat spring-jcl spring-jdbc spring-jms
org.springframework: spring-messaging spring-orm spring-oxm spring-r2dbc spring-struts spring-test spring-tx spring-web
org.springframework: spring-webflux spring-webmvc spring-webmvc-portlet spring-websocket
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
org.springframework.security: spring-security-*
org.springframework.security.oauth: spring-security-oauth spring-security-oauth2
org.springframework.session: spring-session-*
org.springframework.webflow: spring-webflow*
org.springframework.ws: spring-ws-*
org.testng: testng
org.webjars: swagger-ui
org.xerial: sqlite-jdbc
org.xerial.snappy: snappy-java
org.yaml: snakeyaml
oro: oro
relaxngDatatype: relaxngDatatype
struts: struts
wsdl4j: wsdl4j
xalan: xalan
xalan: serializer
xerces: xerces xercesImpl xmlParserAPIs
xml-apis: xml-apis
xml-apis: xml-apis-ext
xml-resolver: xml-resolver
xmlunit: xmlunit
xom: xom
xpp3: xpp3 xpp3_min
xpp3: xpp3_xpath
`

#!/bin/sh
# wsimport's classes from the served WSDL, the program, and a trust store for the step over TLS.
set -eu
mkdir generated classes
wsimport -XadditionalHeaders -extension -b simple.xjb -Xnocompile -s generated "$URL?WSDL"
javac @options -nowarn -d classes $(find generated -name '*.java') *.java
keytool -importcert -noprompt -file "$CA_FILE" -keystore trust.jks -storepass changeit

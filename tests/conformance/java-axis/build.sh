#!/bin/sh
# WSDL2Java's classes from the WSDL behind TLS, with a trust store for it, and the program.
set -eu
mkdir generated classes
keytool -importcert -noprompt -file "$CA_FILE" -keystore trust.jks -storepass changeit
java @options @trust org.apache.axis.wsdl.WSDL2Java --all -o generated "$TLS_URL?WSDL"
javac @options -nowarn -d classes $(find generated -name '*.java') *.java

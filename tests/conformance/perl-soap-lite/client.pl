# SOAP::Lite as programs used it: the address and namespace by hand, SOAP::Data for the message, SOAP::Header for the
# headers, the answer by paths. SOAP::Lite reads the WSDL for its address alone.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(hmac_sha1_hex);
use Encode qw(decode_utf8);
use POSIX qw(strftime);
use SOAP::Lite;

binmode STDOUT, ':encoding(UTF-8)';
$| = 1;

my $NAMESPACE = 'http://www.marketo.com/mktows/';
my %given = map { $_ => decode_utf8($ENV{$_}) } keys %ENV;

sub client {
    my ($url, %options) = @_;
    my $soap = SOAP::Lite->new(proxy => [$url, %options]);
    $soap->envprefix('SOAP-ENV')->default_ns($NAMESPACE)->on_action(sub { '"syncLead"' });
    # Without it a fault ends the program.
    $soap->on_fault(sub { $_[1] });
    $soap->serializer->register_ns($NAMESPACE, 'ns1');
    return $soap;
}

# Elements without a namespace, as the contract has them.
sub element {
    my ($name, @values) = @_;
    return SOAP::Data->name($name => @values)->attr({ xmlns => '' });
}

sub text {
    my ($name, $value) = @_;
    return SOAP::Data->name($name => $value)->type('string');
}

sub authentication {
    my ($key) = @_;
    my $timestamp = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime);
    return SOAP::Header->name('ns1:AuthenticationHeader' => \SOAP::Data->value(
        text(mktowsUserId     => $given{API_USER}),
        text(requestSignature => hmac_sha1_hex($timestamp . $given{API_USER}, $key)),
        text(requestTimestamp => $timestamp),
    ));
}

sub sync {
    my ($soap, $keys, $values, $return_lead, %more) = @_;
    my @keys = @$keys;
    my @record;
    while (my ($name, $value) = splice @keys, 0, 2) {
        push @record, $name eq 'Id' ? SOAP::Data->name(Id => $value)->type('int') : text($name => $value);
    }
    my @attributes = map {
        SOAP::Data->name(attribute => \SOAP::Data->value(text(attrName => $_), text(attrValue => $values->{$_})))
    } sort keys %$values;
    push @record, SOAP::Data->name(leadAttributeList => \SOAP::Data->value(@attributes));
    my @headers = (authentication($more{key} // $given{API_KEY}));
    if (defined $more{workspace}) {
        my $workspace = text(targetWorkspace => $more{workspace});
        push @headers, SOAP::Header->name('ns1:MktowsContextHeader' => \SOAP::Data->value($workspace));
    }
    return $soap->call(
        'paramsSyncLead',
        element(leadRecord => \SOAP::Data->value(@record)),
        element(returnLead => $return_lead)->type('boolean'),
        @headers,
    );
}

sub same {
    my ($step, $what, $got, $expected) = @_;
    return if !defined $got && !defined $expected;
    return if defined $got && defined $expected && $got eq $expected;
    printf qq{failed %s: %s is "%s", expected "%s"\n}, $step, $what, $got // 'undef', $expected // 'undef';
    exit 1;
}

sub same_status {
    my ($step, $answer, $status, $id) = @_;
    same($step, 'fault', $answer->fault ? $answer->faultstring : undef, undef);
    my $result = $answer->result;
    same($step, 'status', $result->{syncStatus}{status}, $status);
    same($step, 'leadId', $result->{leadId}, $id);
    same($step, 'leadId of the status', $result->{syncStatus}{leadId}, $id);
    # A nil element is read as undef.
    same($step, 'error', $result->{syncStatus}{error}, undef);
}

sub attributes {
    my ($answer) = @_;
    return map { $_->{attrName} => $_ } $answer->valueof('//result/leadRecord/leadAttributeList/attribute');
}

sub same_fault {
    my ($step, $name, $answer) = @_;
    same($step, 'fault', $answer->fault ? 'a fault' : 'none', 'a fault');
    my $detail = $answer->faultdetail->{serviceException};
    same($step, 'faultcode', $answer->faultcode, 'SOAP-ENV:Client');
    same($step, 'faultstring', $answer->faultstring, $given{"EXPECT_${name}_STRING"});
    same($step, 'code', $detail->{code}, $given{"EXPECT_${name}_CODE"});
    if ($name eq 'FIELD') {
        same($step, 'name', $detail->{name}, $given{EXPECT_FIELD_NAME});
        same($step, 'message', $detail->{message}, $given{EXPECT_FIELD_MESSAGE});
    }
}

sub ok { print "ok $_[0]\n" }

sub address {
    my ($url) = @_;
    my $services = SOAP::Schema->new(schema_url => $url)->parse->services;
    # A parsed attribute, whose text is the address.
    return "$services->{MktMktowsApiService}{syncLead}{endpoint}";
}

same('wsdl', "address of ?$_", address("$given{URL}?$_"), $given{URL}) for 'wsdl', 'WSDL';
ok('wsdl');

my $soap = client($given{URL}, keep_alive => 1);
my $names = { FirstName => $given{FIRST_NAME}, LastName => $given{LAST_NAME} };
my $george = [Email => $given{EMAIL}];

my $answer = sync($soap, $george, $names, 0);
my $id = $answer->result->{leadId} // 0;
same('create', 'leadId', $id, int $id);
same_status('create', $answer, $given{EXPECT_CREATED}, $id);
same('create', 'leadRecord', $answer->result->{leadRecord}, undef);
ok('create');

same_status('update', sync($soap, $george, $names, 'false'), $given{EXPECT_UPDATED}, $id);
ok('update');

$answer = sync($soap, $george, $names, 'true');
same_status('read', $answer, $given{EXPECT_UPDATED}, $id);
my $record = $answer->result->{leadRecord};
my %found = attributes($answer);
same('read', 'Id', $record->{Id}, $id);
same('read', 'Email', $record->{Email}, $given{EXPECT_EMAIL});
same('read', 'ForeignSysPersonId', $record->{ForeignSysPersonId}, undef);
same('read', 'FirstName', $found{FirstName}{attrValue}, $given{EXPECT_FIRST_NAME});
same('read', 'type of FirstName', $found{FirstName}{attrType}, $given{EXPECT_TYPE});
same('read', 'LastName', $found{LastName}{attrValue}, $given{EXPECT_LAST_NAME});
ok('read');

my @foreign = (ForeignSysPersonId => $given{FOREIGN_ID}, ForeignSysType => $given{FOREIGN_TYPE});
my $first = sync($soap, [@foreign, Email => $given{FOREIGN_EMAIL}], $names, 'false');
same_status('foreign', $first, $given{EXPECT_CREATED}, $first->result->{leadId});
$answer = sync($soap, [@foreign, Email => $given{NEW_EMAIL}], $names, 'true');
same_status('foreign', $answer, $given{EXPECT_UPDATED}, $first->result->{leadId});
$record = $answer->result->{leadRecord};
same('foreign', 'Email', $record->{Email}, $given{EXPECT_NEW_EMAIL});
same('foreign', 'ForeignSysPersonId', $record->{ForeignSysPersonId}, $given{EXPECT_FOREIGN_ID});
same('foreign', 'ForeignSysType', $record->{ForeignSysType}, $given{EXPECT_FOREIGN_TYPE});
ok('foreign');

$answer = sync($soap, [Id => $id], { LastName => $given{OTHER_LAST_NAME} }, 'true');
same_status('id', $answer, $given{EXPECT_UPDATED}, $id);
%found = attributes($answer);
same('id', 'LastName', $found{LastName}{attrValue}, $given{EXPECT_OTHER_LAST_NAME});
ok('id');

same_status('context', sync($soap, $george, $names, 0, workspace => 'default'), $given{EXPECT_UPDATED}, $id);
ok('context');

same_fault('field', 'FIELD', sync($soap, $george, { $given{UNKNOWN_FIELD} => 'top' }, 0));
ok('field');
same_fault('signature', 'SIGNATURE', sync($soap, $george, $names, 0, key => 'wrong'));
ok('signature');

$answer = sync($soap, [Email => $given{LETTERS_EMAIL}], { FirstName => $given{LETTERS} }, 1);
%found = attributes($answer);
same('letters', 'FirstName', $found{FirstName}{attrValue}, $given{EXPECT_LETTERS});
ok('letters');

same_status('keepalive', sync($soap, $george, $names, 0), $given{EXPECT_UPDATED}, $id);
ok('keepalive');
my $closing = client($given{URL});
same_status('close', sync($closing, $george, $names, 0), $given{EXPECT_UPDATED}, $id);
ok('close');

$ENV{HTTPS_CA_FILE} = $ENV{PERL_LWP_SSL_CA_FILE} = $given{CA_FILE};
my $named = address("$given{TLS_URL}?WSDL");
same('tls', 'address', $named, $given{TLS_URL});
same_status('tls', sync(client($named), $george, $names, 0), $given{EXPECT_UPDATED}, $id);
ok('tls');

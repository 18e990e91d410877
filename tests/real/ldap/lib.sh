# For bash: a slapd of one's own in a temporary directory, on free loopback
# ports and a socket, gone at exit. Source it, then directory_start.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
mailc=${MAILC:-$top/mailc}
passed=0 failed=0 skipped=0
pids=()
work=$(mktemp -d) || exit 1
export LC_ALL=C PATH=$PATH:/usr/sbin
unset LDAPNOINIT

finish() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

ok() {
	passed=$((passed + 1))
}

# fail NAME [FILE]: count it and show what was said.
fail() {
	failed=$((failed + 1))
	echo "FAIL $1"
	[ -z "${2-}" ] || sed 's/^/    /' "$2"
}

skip_all() {
	echo "SKIP $1"
	echo "$passed passed, $failed failed, 1 skipped"
	exit 0
}

totals() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

# free_ports N: that many TCP ports of 127.0.0.1 that nobody has.
free_ports() {
	perl -MIO::Socket::INET -e '
		my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		    Listen => 1) or die } 1 .. $ARGV[0];
		print join(" ", map { $_->sockport } @s), "\n";' "$1"
}

# certificate NAME SAN: $work/NAME.crt and .key, signed by $work/ca.
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr" \
	    2>/dev/null &&
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" \
	    -CAkey "$work/ca.key" -CAcreateserial -days 2 \
	    -extfile <(echo "subjectAltName=$2") -out "$work/$1.crt" \
	    2>/dev/null
}

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -subj "/CN=$1" -keyout "$work/$1.key" \
	    -out "$work/$1.crt" 2>/dev/null
}

# directory_configure: slapd.conf; passwords are readable, so that a fetch
# that asks for them would get them.
directory_configure() {
	mkdir "$work/db" "$work/limited-db"
	"$top/tests/real/schema/load" "$work" > "$work/slapd.conf"
	cat >> "$work/slapd.conf" <<-EOF
	modulepath /usr/lib/ldap
	moduleload back_mdb
	pidfile $work/slapd.pid
	TLSCACertificateFile $work/ca.crt
	TLSCertificateFile $work/server.crt
	TLSCertificateKeyFile $work/server.key
	TLSVerifyClient never
	authz-regexp gidNumber=$(id -g)[+]uidNumber=$(id -u),cn=peercred,cn=external,cn=auth cn=self,dc=torproject,dc=org
	sizelimit unlimited

	database mdb
	suffix dc=torproject,dc=org
	rootdn cn=reader,dc=torproject,dc=org
	rootpw correct-horse
	directory $work/db
	maxsize 268435456
	index objectClass,uid eq
	access to dn.subtree=ou=own,dc=torproject,dc=org
	    by dn.exact=cn=self,dc=torproject,dc=org read by * none
	access to dn.subtree=ou=closed,dc=torproject,dc=org by * none
	access to * by * read

	database mdb
	suffix dc=limited
	sizelimit size.soft=5 size.hard=5 size.prtotal=hard
	directory $work/limited-db
	access to * by * read
	EOF
}

# unit OU: the entry that holds others.
unit() {
	printf 'dn: ou=%s,dc=torproject,dc=org\n' "$1"
	printf 'objectClass: organizationalUnit\nou: %s\n\n' "$1"
}

# account UID OU FORWARD-LINE: an account as one record of LDIF.
account() {
	printf 'dn: uid=%s,ou=%s,dc=torproject,dc=org\n' "$1" "$2"
	printf 'objectClass: %s\n' account debianAccount debianRoleAccount
	printf 'cn: %s\nuid: %s\nuidNumber: 1\ngidNumber: 1\n' "$1" "$1"
	printf '%s\n\n' "${3-emailForward: $1@example.net}"
}

accounts() {
	local i
	unit "$1"
	for ((i = 0; i < $2; i++)); do
		account "$(printf '%s%04d' "$3" "$i")" "$1"
	done
}

base64_line() {
	printf '%s:: %s' "$1" "$(printf -- "$2" | base64 -w 0)"
}

long=$(printf 'x%.0s' {1..300})
# hostile_entries OU: accounts whose owners try what they can.
hostile_entries() {
	account command "$1" 'emailForward: |/bin/sh -c id'
	account file "$1" 'emailForward: /etc/passwd'
	account include "$1" "$(base64_line emailForward :include:/etc/passwd)"
	account newline "$1" \
	    "$(base64_line emailForward 'a@b.example\nroot: c@d.example')"
	account record "$1" \
	    "$(base64_line emailForward 'a@b.example\n\ndn: uid=root')"
	account nul "$1" "$(base64_line emailForward 'a@b.example\0|id')"
	account tab "$1" "$(base64_line emailForward '\ta@b.example')"
	account blanks "$1" "$(base64_line emailForward '  a@b.example ')"
	account long "$1" "emailForward: $long@b.example"
	account commas "$1" 'emailForward: a@b.example,, ,c@d.example'
	account postmaster "$1"
	account UPPER "$1" 'mailDisableMessage: 550 go away: ${x}'
	account 'with space' "$1"
	account 'comma\2cone' "$1" | sed 's/^uid: .*/uid: comma,one/'
	printf 'dn:: %s\n' \
	    "$(printf 'uid=\303\274mlaut,ou=%s,dc=torproject,dc=org' "$1" | base64 -w 0)"
	account x "$1" | sed '1d; s/^uid: .*/uid:: w7xtbGF1dA==/'
	printf 'dn: gid=command,ou=%s,dc=torproject,dc=org\n' "$1"
	printf 'objectClass: debianGroup\n'
	printf 'gid: command\ngidNumber: 7\n\n'
	account secrets "$1" "$(printf '%s\n' 'userPassword: hunter2' \
	    'mailPassword: hunter2' 'webPassword: hunter2' \
	    'rtcPassword: hunter2' 'sudoPassword: hunter2')"
}

# directory_load [OPTION...]: LDIF from stdin into the stopped directory.
directory_load() {
	slapadd -q -f "$work/slapd.conf" "$@"
}

directory_run() {
	local i
	slapd -d 0 -f "$work/slapd.conf" -h "$ldap $ldaps $ldapi" \
	    > "$work/slapd.log" 2>&1 &
	slapd=$!
	pids+=("$slapd")
	for ((i = 0; i < 100; i++)); do
		ldapsearch -x -H "$ldap" -s base -b '' > /dev/null 2>&1 &&
			return 0
		kill -0 "$slapd" 2>/dev/null || break
		sleep 0.1
	done
	return 1
}

# directory_start FUNCTION: a running slapd with what FUNCTION loads.
directory_start() {
	local plain tls need
	for need in slapd slapadd ldapsearch openssl perl; do
		command -v $need > /dev/null ||
			skip_all "there is no $need (packages slapd, ldap-utils, openssl, perl)"
	done
	read -r plain tls < <(free_ports 2)
	# The certificate is for the address. It is not for localhost, which
	# libldap takes for the name of this machine.
	ldap=ldap://127.0.0.1:$plain
	ldaps=ldaps://127.0.0.1:$tls
	ldapi=ldapi://$(sed 's,/,%2F,g' <<< "$work/ldapi")
	authority ca
	authority other
	certificate server IP:127.0.0.1,DNS:ldap.example.org
	directory_configure
	"$1" || exit 1
	directory_run || skip_all \
	    "slapd does not run here: $(tail -n 1 "$work/slapd.log")"
}

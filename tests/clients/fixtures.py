"""Servers that the client programs talk to: keys, certificates, configuration files.

Everything secret is made anew for each run; passwords are not secret, they are part of
the scenarios.
"""

import base64
import binascii
import subprocess
from pathlib import Path

# By user, and the tokens by fixture.
PASSWORDS = {
    "alice": "wonderland",
    "admin": "admin-pass",
    "guest": "guest-pass",
    "hashed": "hashed-pass",
    "limited": "limited-pass",
    "service": "service-pass",
    "token": "open-sesame",
    "hashtoken": "hashed-token",
}
# bcrypt of those of "hashed" and "hashtoken", cost 4 so that a login costs nothing.
BCRYPT_PASS = "$2a$04$RHlu55Cfe52D8Y3af.o20OFv42mHUrQmlNoi4Uj08oOWYblIgvdiG"
BCRYPT_TOKEN = "$2a$04$984PVjkZ3lonysybBcyDZ.fWZlyIR1pwHdtyw0XYtlE2jdVSxRxla"

NAMES = [
    "plain",
    "token",
    "hashtoken",
    "user",
    "users",
    "nkey",
    "noauth",
    "tls",
    "tlsverify",
    "tlsmap",
    "tlsfirst",
    "limits",
    "crowded",
    "ldm",
    "jetstream",
]


def openssl(*args, cwd):
    done = subprocess.run(["openssl", *args], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr}")
    return done.stdout


def make_authority(where, name):
    openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "30",
        "-subj",
        f"/O=Scenarios/CN={name} authority",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout",
        f"{name}-key.pem",
        "-out",
        f"{name}.pem",
        cwd=where,
    )


def make_certificate(where, authority, name, subject, names, usage):
    extensions = Path(where, f"{name}.ext")
    extensions.write_text(
        f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        f"extendedKeyUsage={usage}\nsubjectAltName={names}\n"
    )
    openssl(
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        subject,
        "-keyout",
        f"{name}-key.pem",
        "-out",
        f"{name}.csr",
        cwd=where,
    )
    openssl(
        "x509",
        "-req",
        "-in",
        f"{name}.csr",
        "-CA",
        f"{authority}.pem",
        "-CAkey",
        f"{authority}-key.pem",
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        f"{name}.ext",
        "-out",
        f"{name}.pem",
        cwd=where,
    )


def make_certificates(where):
    where.mkdir()
    make_authority(where, "ca")
    make_authority(where, "other-ca")
    make_certificate(
        where,
        "ca",
        "server",
        "/O=Scenarios/CN=localhost",
        "DNS:localhost,IP:127.0.0.1",
        "serverAuth",
    )
    make_certificate(
        where,
        "ca",
        "client",
        "/O=Scenarios/CN=mapped client",
        "email:app@scenarios.test",
        "clientAuth",
    )
    make_certificate(
        where,
        "ca",
        "stranger",
        "/O=Scenarios/CN=stranger",
        "email:stranger@scenarios.test",
        "clientAuth",
    )
    make_certificate(
        where,
        "other-ca",
        "foreign",
        "/O=Scenarios/CN=foreign",
        "email:app@scenarios.test",
        "clientAuth",
    )


def base32_key(prefix, raw):
    body = bytes(prefix) + raw
    # CRC-16/XMODEM, little endian, as nkeys lay it out.
    body += binascii.crc_hqx(body, 0).to_bytes(2, "little")
    return base64.b32encode(body).decode().rstrip("=")


def make_nkey(where, name):
    """A user nkey: (seed, public key)."""
    openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER", "-out", f"{name}.der", cwd=where)
    openssl(
        "pkey",
        "-inform",
        "DER",
        "-in",
        f"{name}.der",
        "-pubout",
        "-outform",
        "DER",
        "-out",
        f"{name}.pub.der",
        cwd=where,
    )
    secret = Path(where, f"{name}.der").read_bytes()[-32:]
    public = Path(where, f"{name}.pub.der").read_bytes()[-32:]
    user = 20 << 3
    seed_prefix = [(18 << 3) | (user >> 5), (user & 31) << 3]
    return base32_key(seed_prefix, secret), base32_key([user], public)


USERS = f"""
authorization {{
  default_permissions {{ publish: ["public.>", "_INBOX.>"], subscribe: ["public.>", "_INBOX.>"] }}
  users = [
    {{ user: admin, password: {PASSWORDS["admin"]}, permissions: {{
        publish: ">", subscribe: ">" }} }}
    {{ user: hashed, password: "{BCRYPT_PASS}" }}
    {{ user: limited, password: {PASSWORDS["limited"]}, permissions: {{
        publish: {{ allow: ["orders.*", "_INBOX.>"], deny: ["orders.secret"] }}
        subscribe: {{
          allow: ["orders.>", "_INBOX.>", "jobs workers"], deny: ["orders.hidden"] }} }} }}
    {{ user: service, password: {PASSWORDS["service"]}, permissions: {{
        publish: "_INBOX.settle.>", subscribe: ["svc.>", "_INBOX.>"],
        allow_responses: {{ max: 2, expires: "1m" }} }} }}
  ]
}}
"""

NO_AUTH = f"""
authorization {{
  users = [
    {{ user: guest, password: {PASSWORDS["guest"]}, permissions: {{
        publish: "guest.>", subscribe: ["guest.>", "_INBOX.>"] }} }}
    {{ user: admin, password: {PASSWORDS["admin"]} }}
  ]
}}
no_auth_user: guest
"""

TLS_MAP = """
authorization {
  users = [ { user: "app@scenarios.test", permissions: {
      publish: ["app.>", "_INBOX.>"], subscribe: ["app.>", "_INBOX.>"] } } ]
}
"""


def tls_block(certs, *more):
    lines = [
        f'cert_file: "{certs}/server.pem"',
        f'key_file: "{certs}/server-key.pem"',
        f'ca_file: "{certs}/ca.pem"',
        "timeout: 5",
        *more,
    ]
    return "tls {\n  " + "\n  ".join(lines) + "\n}\n"


def bodies(certs, nkey, store):
    """Configuration per fixture, without listeners; `store` is where streams are kept."""
    return {
        "plain": "",
        "token": f'authorization {{ token: "{PASSWORDS["token"]}" }}\n',
        "hashtoken": f'authorization {{ token: "{BCRYPT_TOKEN}" }}\n',
        "user": f"authorization {{ user: alice, password: {PASSWORDS['alice']} }}\n",
        "users": USERS,
        "nkey": f"authorization {{ users = [ {{ nkey: {nkey} }} ] }}\n",
        "noauth": NO_AUTH,
        "tls": tls_block(certs),
        "tlsverify": tls_block(certs, "verify: true"),
        "tlsmap": tls_block(certs, "verify_and_map: true") + TLS_MAP,
        "tlsfirst": tls_block(certs, "handshake_first: true"),
        "limits": "max_payload: 1024\nmax_subscriptions: 2\n",
        "crowded": "max_connections: 2\n",
        "ldm": 'lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"\n',
        "jetstream": f'jetstream {{ store_dir: "{store}" }}\n',
    }

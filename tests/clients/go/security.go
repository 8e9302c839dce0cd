package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

var security = []scenario{
	{"auth-token", authToken},
	{"auth-bcrypt-token", authBcryptToken},
	{"auth-user", authUser},
	{"auth-several-users", authSeveralUsers},
	{"auth-nkey", authNkey},
	{"auth-no-auth-user", authNoAuthUser},
	{"permission-publish", permissionPublish},
	{"permission-subscribe", permissionSubscribe},
	{"permission-queue", permissionQueue},
	{"permission-deny", permissionDeny},
	{"permission-responses", permissionResponses},
	{"permission-default", permissionDefault},
	{"tls", tlsTrusted},
	{"tls-untrusted", tlsUntrusted},
	{"tls-verify", tlsVerify},
	{"tls-verify-missing", tlsVerifyMissing},
	{"tls-verify-unknown", tlsVerifyUnknown},
	{"tls-map", tlsMap},
	{"tls-map-unknown", tlsMapUnknown},
	{"tls-first", tlsFirst},
	{"max-connections", maxConnections},
	{"max-subscriptions", maxSubscriptions},
	{"small-max-payload", smallMaxPayload},
}

func authToken() string {
	return fmt.Sprintf("right %s missing %s wrong %s", attempt("token", nats.Token("open-sesame")),
		attempt("token"), attempt("token", nats.Token("open-barley")))
}

func authBcryptToken() string {
	return fmt.Sprintf("right %s missing %s wrong %s",
		attempt("hashtoken", nats.Token("hashed-token")),
		attempt("hashtoken"), attempt("hashtoken", nats.Token("open-sesame")))
}

func authUser() string {
	return fmt.Sprintf("right %s missing %s wrong password %s wrong user %s",
		attempt("user", nats.UserInfo("alice", "wonderland")), attempt("user"),
		attempt("user", nats.UserInfo("alice", "x")), attempt("user", nats.UserInfo("bob", "wonderland")))
}

func authSeveralUsers() string {
	return fmt.Sprintf("plain %s hashed %s hashed wrong %s unknown %s token %s",
		attempt("users", nats.UserInfo("admin", "admin-pass")),
		attempt("users", nats.UserInfo("hashed", "hashed-pass")),
		attempt("users", nats.UserInfo("hashed", "admin-pass")),
		attempt("users", nats.UserInfo("nobody", "admin-pass")),
		attempt("users", nats.Token("admin-pass")))
}

func nkeyOption(variable string) nats.Option {
	pair, err := nkeys.FromSeed([]byte(os.Getenv(variable)))
	must(err)
	public, err := pair.PublicKey()
	must(err)
	return nats.Nkey(public, pair.Sign)
}

func authNkey() string {
	pair, err := nkeys.FromSeed([]byte(os.Getenv("NKEY_SEED")))
	must(err)
	public, err := pair.PublicKey()
	must(err)
	forged := nats.Nkey(public, func(nonce []byte) ([]byte, error) {
		return pair.Sign(append(nonce, 'x'))
	})
	return fmt.Sprintf("right %s other key %s missing %s forged %s",
		attempt("nkey", nkeyOption("NKEY_SEED")),
		attempt("nkey", nkeyOption("NKEY_OTHER_SEED")), attempt("nkey"), attempt("nkey", forged))
}

// login connects with a handler whose errors arrive on the channel.
func login(fixture string, options ...nats.Option) (*nats.Conn, <-chan string) {
	told := make(chan string, 20)
	handler := nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
		where := ""
		if sub != nil {
			where = " on " + sub.Subject
		}
		told <- fmt.Sprintf("%v violation=%v%s", err, errors.Is(err, nats.ErrPermissionViolation), where)
	})
	return dial(fixture, append(options, handler)...), told
}

func authNoAuthUser() string {
	nc, told := login("noauth")
	defer nc.Close()
	sub := subscribe(nc, "guest.go")
	publish(nc, "guest.go", "other.go")
	return fmt.Sprintf("own=%d; %s; admin %s wrong %s", len(take(sub, 1)), first(told),
		attempt("noauth", nats.UserInfo("admin", "admin-pass")),
		attempt("noauth", nats.UserInfo("admin", "x")))
}

var (
	admin   = nats.UserInfo("admin", "admin-pass")
	limited = nats.UserInfo("limited", "limited-pass")
)

func permissionPublish() string {
	nc, told := login("users", limited)
	defer nc.Close()
	watcher := dial("users", admin)
	defer watcher.Close()
	sub := subscribe(watcher, "orders.>")
	must(watcher.Flush())
	publish(nc, "orders.new", "orders.secret", "orders.new.deep", "orders.last")
	return fmt.Sprintf("seen %s; %s; %s", subjects(take(sub, 2)), first(told), first(told))
}

func permissionSubscribe() string {
	nc, told := login("users", limited)
	defer nc.Close()
	bad := subscribe(nc, "stock.go")
	must(nc.Flush())
	async := first(told)
	_, err := bad.NextMsg(quiet)
	hidden := subscribe(nc, "orders.hidden")
	must(nc.Flush())
	second := first(told)
	_, hiddenErr := hidden.NextMsg(quiet)
	return fmt.Sprintf("%s; next: %v; %s; next: %v", async, err, second, hiddenErr)
}

func permissionQueue() string {
	nc, told := login("users", limited)
	defer nc.Close()
	sender := dial("users", admin)
	defer sender.Close()
	member := join(nc, "jobs", "workers")
	join(nc, "jobs", "thieves")
	must(nc.Flush())
	queue := first(told)
	subscribe(nc, "jobs")
	must(nc.Flush())
	plain := first(told)
	publish(sender, "jobs", "jobs")
	return fmt.Sprintf("%s; %s; member=%d", queue, plain, len(take(member, 2)))
}

func permissionDeny() string {
	nc, told := login("users", limited)
	defer nc.Close()
	sender := dial("users", admin)
	defer sender.Close()
	sub := subscribe(nc, "orders.*")
	must(nc.Flush())
	publish(sender, "orders.open", "orders.hidden", "orders.closed")
	return fmt.Sprintf("seen %s errors=%d", subjects(take(sub, 2)), len(told))
}

func permissionResponses() string {
	nc, told := login("users", nats.UserInfo("service", "service-pass"))
	defer nc.Close()
	client := dial("users", admin)
	defer client.Close()
	_, err := nc.Subscribe("svc.echo", func(m *nats.Msg) {
		for i := range 3 {
			_ = m.Respond(fmt.Appendf(nil, "%s %d", m.Data, i))
		}
	})
	must(err)
	must(nc.Flush())
	inbox := "_INBOX.responses.go"
	sub := subscribe(client, inbox)
	must(client.PublishRequest("svc.echo", inbox, []byte("hi")))
	answers := take(sub, 2)
	must(nc.Publish("svc.own", nil))
	return fmt.Sprintf("answers=%d; %s; %s", len(answers), first(told), first(told))
}

func permissionDefault() string {
	nc, told := login("users", nats.UserInfo("hashed", "hashed-pass"))
	defer nc.Close()
	sub := subscribe(nc, "public.>")
	publish(nc, "public.go", "private.go")
	out := first(told)
	subscribe(nc, "private.go")
	must(nc.Flush())
	return fmt.Sprintf("own=%d; %s; %s", len(take(sub, 1)), out, first(told))
}

func client(name string) nats.Option { return nats.ClientCert(cert(name), cert(name+"-key")) }

func trust() nats.Option { return nats.RootCAs(cert("ca")) }

func tlsTrusted() string {
	nc := dial("tls", trust())
	defer nc.Close()
	state, err := nc.TLSConnectionState()
	must(err)
	sub := subscribe(nc, "tls.go")
	must(nc.Publish("tls.go", pattern(200_000)))
	got := take(sub, 1)
	older := attempt("tls", trust(), func(o *nats.Options) error {
		o.TLSConfig.MaxVersion = tls.VersionTLS12
		return nil
	})
	oldest := attempt("tls", trust(), func(o *nats.Options) error {
		o.TLSConfig.MinVersion, o.TLSConfig.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
		return nil
	})
	return fmt.Sprintf("required=%v %s server=%s hash=%s; 1.2 %s; 1.1 %s", nc.TLSRequired(),
		tls.VersionName(state.Version),
		state.PeerCertificates[0].Subject, hash(got[0].Data), older, oldest)
}

func tlsUntrusted() string {
	return attempt("tls") + " " + attempt("tls", nats.RootCAs(cert("other-ca")))
}

func tlsVerify() string { return attempt("tlsverify", trust(), client("client")) }

// refused hides which of two races the client lost: the alert may come before or
// after it believes itself connected.
func refused(outcome string) string {
	if outcome == "[connected]" {
		return outcome
	}
	return "refused"
}

func tlsVerifyMissing() string { return refused(attempt("tlsverify", trust())) }

func tlsVerifyUnknown() string { return refused(attempt("tlsverify", trust(), client("foreign"))) }

func tlsMap() string {
	nc, told := login("tlsmap", trust(), client("client"))
	defer nc.Close()
	sub := subscribe(nc, "app.>")
	publish(nc, "app.go", "other.go")
	return fmt.Sprintf("own=%d; %s", len(take(sub, 1)), first(told))
}

func tlsMapUnknown() string { return attempt("tlsmap", trust(), client("stranger")) }

func tlsFirst() string {
	return fmt.Sprintf("first %s not first %s", attempt("tlsfirst", trust(), nats.TLSHandshakeFirst()),
		refused(attempt("tlsfirst", trust(), nats.Timeout(quiet*2))))
}

func maxConnections() string {
	one, two := dial("crowded"), dial("crowded")
	defer one.Close()
	defer two.Close()
	return refused(attempt("crowded"))
}

func maxSubscriptions() string {
	nc, told := login("limits")
	defer nc.Close()
	a, b := subscribe(nc, "limit.go"), subscribe(nc, "limit.go")
	c := subscribe(nc, "limit.go")
	must(nc.Flush())
	out := first(told)
	publish(nc, "limit.go")
	return fmt.Sprintf("%s; %d %d %d", out, len(take(a, 1)), len(take(b, 1)), len(take(c, 0)))
}

func smallMaxPayload() string {
	nc := dial("limits")
	defer nc.Close()
	fits := nc.Publish("limit.go", make([]byte, 1024))
	return fmt.Sprintf("max=%d fits=%v over=%v flush=%v", nc.MaxPayload(), fits,
		nc.Publish("limit.go", make([]byte, 1025)), nc.FlushTimeout(patience))
}

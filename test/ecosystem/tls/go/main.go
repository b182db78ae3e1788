// A session over TLS with go-zookeeper: creates a znode with its own ACL, reads it back, and prints what it saw.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/go-zookeeper/zk"
)

type silent struct{}

func (silent) Printf(string, ...interface{}) {}

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func main() {
	server, ca, cert, key, owner := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	pem, err := os.ReadFile(ca)
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(err)
	config := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, ServerName: "localhost"}
	dial := func(network, address string, timeout time.Duration) (net.Conn, error) {
		return tls.DialWithDialer(&net.Dialer{Timeout: timeout}, network, address, config)
	}
	conn, _, err := zk.Connect([]string{server}, 10*time.Second, zk.WithDialer(dial), zk.WithLogger(silent{}))
	must(err)
	defer conn.Close()
	acl := []zk.ACL{{Perms: zk.PermAll, Scheme: "x509", ID: owner}}
	_, err = conn.Create("/go-client", []byte("over tls"), 0, acl)
	must(err)
	data, _, err := conn.Get("/go-client")
	must(err)
	fmt.Println(string(data))
}

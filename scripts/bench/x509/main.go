// Certificate requests to certificates with Go's crypto/x509: parse, verify, sign, PEM. Prints the version of Go, and
// microseconds of processor time for each certificate: a line for each round of each algorithm of the CA.
// usage: go run main.go ROUNDS CERTIFICATES
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

func processorTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func certificateOf(requestPem []byte, ca *x509.Certificate, key crypto.Signer) []byte {
	block, _ := pem.Decode(requestPem)
	request := must(x509.ParseCertificateRequest(block.Bytes))
	if err := request.CheckSignature(); err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))),
		Subject:               request.Subject,
		NotBefore:             time.Now(),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, ca, request.PublicKey, key))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func main() {
	rounds, certificates := must(strconv.Atoi(os.Args[1])), must(strconv.Atoi(os.Args[2]))
	fmt.Println(runtime.Version())
	subject := pkix.Name{Organization: []string{"system:nodes"}, CommonName: "system:node:bench"}
	node := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, node))
	request := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	keys := map[string]crypto.Signer{
		"ECDSA-P256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"RSA-2048":   must(rsa.GenerateKey(rand.Reader, 2048)),
	}
	for algorithm, key := range keys {
		template := &x509.Certificate{
			SerialNumber:          big.NewInt(1),
			Subject:               pkix.Name{CommonName: "kubernetes"},
			NotBefore:             time.Now(),
			NotAfter:              time.Now().Add(24 * time.Hour),
			IsCA:                  true,
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
		ca := must(x509.ParseCertificate(der))
		for round := 0; round <= rounds; round++ {
			before := processorTime()
			for count := 0; count < certificates; count++ {
				certificateOf(request, ca, key)
			}
			// The first round is for warm-up.
			if round > 0 {
				used := processorTime() - before
				fmt.Printf("%s %.1f\n", algorithm, float64(used.Microseconds())/float64(certificates))
			}
		}
	}
}

// Distribution is the registry of github.com/distribution/distribution, version 3, with the
// storage and the login that the tests need: a folder, and a file of passwords.
//
//	distribution CONFIG
package main

import (
	"context"
	"log"
	"os"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	config, err := configuration.Parse(f)
	if err != nil {
		log.Fatal(err)
	}
	r, err := registry.NewRegistry(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(r.ListenAndServe())
}

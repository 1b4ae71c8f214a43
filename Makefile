.PHONY: run test check generate lint bench

run: ## start the product on http://127.0.0.1:8080 with nothing else installed
	go run ./cmd/assent serve

test: ## everything: linters and all tests, on both databases and both queues; installs what is missing where it may
	@.ci/services .ci/test $(ARGS)

check: lint ## quick: linters, and the tests that need nothing installed
	go test ./...

generate: ## Go from templates
	go tool templ generate -path templates

lint: ## formatting, vet, import rules, stale generated code
	@.ci/lint

bench: ## micro-benchmarks; `assent bench` measures a deployment
	go test -run '^$$' -bench . -benchmem ./...

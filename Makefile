# Short names for what one types here; `make check` is what continuous integration runs.

.PHONY: check test format demo demo-check clean

check: ## tests, then the suites against the original implementations; none may be skipped
	.ci/run

test: ## the tests that every machine can run
	mvn verify

format: ## bring the Java sources into the one format
	tools/format

demo: ## a gateway, a sample app and an agent on this machine
	./penstock demo

demo-check: ## the same, tried by a program
	./penstock demo --check

clean:
	mvn -q clean

# The two commands: `make reproduce` and `make test`. `make help` lists the rest.
.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

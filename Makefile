# threadtap. `make help` lists what there is. `run` and `test` set up what they
# need by themselves (.ci/setup) and do nothing where all is there.

CARGO ?= cargo
ARGS ?=
export ARGS
TARGET_DIR = $$($(CARGO) metadata --no-deps --format-version 1 | \
	sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

# The rooms without effects, which `make mutants` changes.
ROOMS ?= model text decode capfile obsfile flow analysis limits census activity assemble correlate \
	stats expect compare findings report

.DEFAULT_GOAL := help
.PHONY: help run install uninstall deb test faults lint deny bench fuzz mutants bpf setup test-setup

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done
	@printf '\n  Arguments: make run ARGS="--strategy pool -n 200", make test ARGS="-- some_test"\n'

run: setup ## Build threadtap and make a run: 1000 requests, a thread each
	@$(CARGO) build --release
	@binary="$(TARGET_DIR)/release/threadtap"; \
	case " $$ARGS " in \
		*' --no-capture '*) ;; \
		*) .ci/setup capture "$$binary" or-isolated || exit ;; \
	esac; \
	exec "$$binary" run $(ARGS)

# Where `make install` puts it; DESTDIR stands before it, for packages. DEBUGDIR is
# for the line tables: GDB and the program's own backtraces look there.
PREFIX ?= /usr/local
DESTDIR ?=
DEBUGDIR ?= $(PREFIX)/bin/.debug

install: setup ## Install the program, man pages and completions (PREFIX=/usr/local, DESTDIR=)
	@$(CARGO) build --release
	@binary="$(TARGET_DIR)/release/threadtap"; root='$(DESTDIR)$(PREFIX)'; \
	man="$$root/share/man/man1"; \
	bash="$$root/share/bash-completion/completions"; \
	zsh="$$root/share/zsh/site-functions"; \
	fish="$$root/share/fish/vendor_completions.d"; \
	data="$$root/share/threadtap/wireshark"; \
	install -d "$$root/bin" "$(DESTDIR)$(DEBUGDIR)" "$$man" "$$bash" "$$zsh" "$$fish" "$$data/profile" && \
	.ci/strip "$$binary" "$$root/bin/threadtap" "$(DESTDIR)$(DEBUGDIR)/threadtap.debug" && \
	"$$binary" man > "$$man/threadtap.1" && \
	for command in $$("$$binary" man --list); do \
		"$$binary" man "$$command" > "$$man/threadtap-$$command.1" || exit; \
	done && \
	"$$binary" completions bash > "$$bash/threadtap" && \
	"$$binary" completions zsh > "$$zsh/_threadtap" && \
	"$$binary" completions fish > "$$fish/threadtap.fish" && \
	install -m 644 contrib/wireshark/README.md contrib/wireshark/threadtap.lua "$$data" && \
	install -m 644 contrib/wireshark/profile/* "$$data/profile" && \
	echo "installed in $$root"

uninstall: ## Remove what install has put there
	@root='$(DESTDIR)$(PREFIX)'; \
	rm -rf "$$root/share/threadtap" && \
	rm -f "$$root/bin/threadtap" "$(DESTDIR)$(DEBUGDIR)/threadtap.debug" \
		"$$root/share/man/man1/threadtap.1" \
		"$$root/share/man/man1/threadtap-"*.1 \
		"$$root/share/bash-completion/completions/threadtap" \
		"$$root/share/zsh/site-functions/_threadtap" \
		"$$root/share/fish/vendor_completions.d/threadtap.fish" && \
	{ rmdir "$(DESTDIR)$(DEBUGDIR)" 2>/dev/null || true; }

deb: setup ## Build a package for Debian and Ubuntu: target/debian/*.deb
	@.ci/setup deb
	@$(CARGO) deb --version >/dev/null 2>&1 || { \
		echo 'cargo-deb is missing: cargo install cargo-deb' >&2; \
		$(CARGO) install --locked cargo-deb; }
	@rm -rf target/package && $(MAKE) install DESTDIR="$(CURDIR)/target/package" PREFIX=/usr DEBUGDIR=/usr/lib/debug/usr/bin
	@PATH="$$PATH:$${CARGO_HOME:-$$HOME/.cargo}/bin" $(CARGO) deb --no-build --no-strip
	@dpkg-deb --field "$$(ls -t target/debian/threadtap_*.deb | head -n 1)" Depends | grep -q libpcap || { \
		echo 'the package does not name libpcap, which the program needs' >&2; exit 1; }

test: setup ## Run every test, and say which were skipped
	@CARGO='$(CARGO)' .ci/test $(ARGS)

bpf: ## Compile the programs that run in the kernel (clang): src/observe/ebpf/observe.bpf.o
	@.ci/bpf

faults: setup ## Inject every fault of docs/reliability.md into real runs, and hold the promises against it
	@$(CARGO) test --test faults --no-run
	@$(CARGO) test --quiet --test faults -- $(ARGS)

lint: setup ## Formatting, clippy and the documentation, warnings refused
	$(CARGO) fmt --check -- src/findings/rules/*.rs src/report/formats/*.rs
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --document-private-items

deny: ## Licences, origin and known vulnerabilities of the dependencies
	@CARGO='$(CARGO)' .ci/deny

bench: setup ## Measure threadtap against other programs and against itself
	@$(CARGO) bench --bench run --no-run
	@.ci/setup capture "$(TARGET_DIR)/release/threadtap"
	@$(CARGO) bench --bench run -- $(ARGS)
	@$(CARGO) bench --bench trace -- $(ARGS)
	@$(CARGO) bench --bench analyze

fuzz: setup ## Feed every reader with mutated input, a minute in all
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { \
		echo 'cargo-fuzz is missing: cargo install cargo-fuzz' >&2; \
		$(CARGO) install cargo-fuzz; }
	@for target in $$($(CARGO) fuzz list); do \
		echo "== $$target"; \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$target -- -max_total_time=15 $(ARGS) || exit; \
	done

mutants: setup ## Break the pure rooms a little at a time: does a test notice?
	@for room in $(ROOMS); do [ -d "src/$$room" ] || { echo "no room: $$room" >&2; exit 2; }; done
	@$(CARGO) mutants --version >/dev/null 2>&1 || { \
		echo 'cargo-mutants is missing: cargo install cargo-mutants' >&2; \
		$(CARGO) install cargo-mutants; }
	@INSTA_UPDATE=no PROPTEST_DISABLE_FAILURE_PERSISTENCE=1 $(CARGO) mutants \
		$(foreach room,$(ROOMS),-f 'src/$(room)/**') $(ARGS) -- -- $(addsuffix ::,$(ROOMS))

setup: ## Install what the build needs, if it is missing
	@.ci/setup build

test-setup: setup ## Install the tools without which some tests are skipped
	@.ci/setup tools

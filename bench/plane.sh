# Sourced by the benches: a control plane of their own on loopback, with what it keeps in "$work".
plane=

# plane PORT [MORE]: starts "$writ" there, with MORE lines of configuration, and waits until it listens. Sets plane (its process)
# and bootstrap (its first token). What stands in slow comes in front of the command.
plane() {
    echo 'sk-bench' > "$work/key"
    cat > "$work/writ.toml" <<TOML
listen = "127.0.0.1:$1"
data_dir = "$work/data"
[log]
level = "warn"
[[upstreams]]
name = "none"
base_url = "http://127.0.0.1:9"
key_file = "$work/key"
${2:-}
TOML
    ${slow:-} "$writ" serve --config "$work/writ.toml" 2> "$work/log" & plane=$!
    tries=0
    until grep -q 'writ listens on' "$work/log" || [ $tries -ge 100 ]; do tries=$((tries + 1)); sleep 0.2; done
    bootstrap=$(sed -n 's/.*--bootstrap //p' "$work/log")
}

# sign_in PORT: as the first administrator.
sign_in() {
    echo 'a long password for the bench' |
        "$writ" login "http://127.0.0.1:$1" --login bench --bootstrap "$bootstrap" --password-stdin > /dev/null
}

#!/bin/sh
# Made by `cargo xtask render --target compose`. Runs as root in a container of its own, before everything else.
set -eu
umask 077

# files UNIT USER SECRET…: its configuration and its secrets, as they are now.
files() {
    unit=$1 user=$2
    shift 2
    to=/to/$unit/files
    rm -rf "${to:?}/config" "${to:?}/secrets"
    mkdir -p "$to/config" "$to/secrets"
    if [ -d "/from/config/$unit" ]; then cp -R "/from/config/$unit/." "$to/config/"; fi
    for secret in "$@"; do
        cat "/from/secrets/$secret" > "$to/secrets/$secret"
        chmod 400 "$to/secrets/$secret"
    done
    chmod -R u=rX,go= "$to/config"
    chmod 500 "$to/secrets"
    chown -R "$user:$user" "$to/config" "$to/secrets"
    chmod 755 "$to"
}

# data UNIT USER: the folder that it keeps its data in; what is there already stays as it is.
data() {
    to=/to/$1/data/data
    if [ ! -d "$to" ]; then
        mkdir "$to"
        chmod 700 "$to"
        chown "$2:$2" "$to"
    fi
    chmod 755 "/to/$1/data"
}

files alertmanager 10001
data alertmanager 10001
files blackbox 10001
files caddy 10001
data caddy 10001
files cart 10001 internal-token postgres-cart
files cart-migrate 10001 internal-token postgres-cart
files catalog 10001 internal-token object-store postgres-catalog
files catalog-migrate 10001 internal-token object-store postgres-catalog
files catalog-streams 10001 internal-token object-store postgres-catalog
files demo-catalogue 10001 internal-token object-store postgres-catalog
files demo-stock 10001 internal-token postgres-inventory
files identity 10001 identity-signing-key password-reset-key postgres-identity
files identity-admin 10001 admin-password identity-signing-key password-reset-key postgres-identity
files identity-migrate 10001 identity-signing-key password-reset-key postgres-identity
files identity-streams 10001 identity-signing-key password-reset-key postgres-identity
files inventory 10001 internal-token postgres-inventory
files inventory-migrate 10001 internal-token postgres-inventory
files inventory-streams 10001 internal-token postgres-inventory
files mailbox 10001
data mailbox 10001
files minio-init 10001 object-store
files nats 10001
data nats 10001
files node-exporter 10001
files notifications 10001 password-reset-key postgres-notifications
files notifications-migrate 10001 password-reset-key postgres-notifications
files object-store 10001 object-store
data object-store 10001
files orders 10001 internal-token postgres-orders
files orders-migrate 10001 internal-token postgres-orders
files orders-streams 10001 internal-token postgres-orders
files payments 10001 postgres-payments psp-api-key psp-webhook-secret
files payments-migrate 10001 postgres-payments psp-api-key psp-webhook-secret
files payments-streams 10001 postgres-payments psp-api-key psp-webhook-secret
files postgres 999 postgres
data postgres 999
files postgres-exporter 10001 postgres-exporter
files postgres-init 999 postgres postgres-cart postgres-catalog postgres-exporter postgres-identity postgres-inventory postgres-notifications postgres-orders postgres-payments postgres-pgpass postgres-psp
files prometheus 10001
data prometheus 10001
files psp 10001 postgres-psp psp-api-key psp-webhook-secret
files psp-migrate 10001 postgres-psp psp-api-key psp-webhook-secret
files storefront 10001

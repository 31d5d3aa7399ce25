#!/usr/bin/env bash
# Prints the vectors of tests/vectors/webhook.tsv, computed by openssl:
#
#   tests/vectors/webhook.sh > tests/vectors/webhook.tsv
#   tests/vectors/webhook.sh | diff - tests/vectors/webhook.tsv
#
# Columns: the secret in hexadecimal digits, the body in hexadecimal digits, the HMAC-SHA256 in both encodings.
set -euo pipefail

vector() { # secret body
    local secret body mac
    secret=$(printf %b "$1" | od -An -v -tx1 | tr -d ' \n')
    body=$(printf %b "$2" | od -An -v -tx1 | tr -d ' \n')
    mac=$(printf %b "$2" | openssl dgst -sha256 -mac hmac -macopt "hexkey:$secret" -r | cut -d' ' -f1)
    printf '%s\t%s\t%s\t%s\n' "$secret" "$body" "$mac" \
        "$(printf %b "$2" | openssl dgst -sha256 -mac hmac -macopt "hexkey:$secret" -binary | openssl base64 -A)"
}

long=$(printf 'secret-%.0s' {1..20})
body='{"storeId":"00000000-0000-4000-8000-000000000000","id":"00000000-0000-4000-8000-000000000001"}'
vector obviously-fake-webhook-secret ''
vector obviously-fake-webhook-secret '{}'
vector obviously-fake-webhook-secret "$body"
vector obviously-fake-webhook-secret "$body\n"
vector obviously-fake-webhook-secret "\xef\xbb\xbf$body"
vector obviously-fake-webhook-secret '{"name":"caf\xc3\xa9","price":29.90}'
vector obviously-fake-webhook-secret '\x00\x01\xfe\xff no UTF-8, no JSON \r\n'
vector k '{}'
vector cl\\xc3\\xa9 '{}'
vector "$long" "$body"
vector "${long:0:64}" "$body"
vector "${long:0:65}" "$body"
for count in 55 56 63 64 65 119 120; do
    vector obviously-fake-webhook-secret "$(printf 'a%.0s' $(seq "$count"))"
done

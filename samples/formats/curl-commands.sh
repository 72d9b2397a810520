# Copied from a browser, and from documentation.
curl 'https://shop.example/api/search?q=lamp&page=2' \
  -H 'accept: application/json' \
  -H 'accept-language: de,en;q=0.9' \
  -H 'cookie: session=abc; theme=dark' \
  --compressed ;
curl 'https://shop.example/api/orders' \
  -X 'PUT' \
  -H 'content-type: application/json' \
  --data-raw $'{"note":"it\'s urgent","lines":[\n1]}'

curl -X POST https://shop.example/login -d user=me -d "password=$SHOP_PASSWORD"
curl -I https://shop.example/

using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

/// <summary>Reads a configuration as a process would that finds this text in its directory.</summary>
internal static class WrittenConfiguration
{
    /// <summary>Every member that this version accepts.</summary>
    public const string Complete = """
        {
          // comments and trailing commas are welcome
          "$schema": "./headgate.schema.json", "version": 1,
          "total": { "limits": ["500 concurrent"], "connections": 200, "cacheBytes": "32MiB" },
          "defaults": {
            "limits": "learn", "timing": "bounded", "straggle": 2, "timeout": 30, "connectTimeout": 10, "retries": 3, "retryDelay": 1,
            "retryCap": 60, "queueTimeout": null, "patience": null, "maxBody": "16MiB", "cache": "http", "concurrency": 100,
            "connections": { "idleTimeout": "30s" }, "proxies": "none",
          },
          "proxies": { "pool-a": { "from": ["file:proxies.txt", "store:pool-a", "http://proxy-manager.example:8000/api/proxies"], "poll": 60, "choose": "round-robin", "limits": ["5/s"], "probe": "http://probe.example/204", "tls": { "ca": "file:proxies-ca.pem" } } },
          "upstreams": {
            "github": {
              "base": ["https://api.github.com"],
              "limits": ["100 concurrent"], "proxies": "pool-a",
              "keys": { "from": ["env:GH_TOKEN_1", "file:keys.txt"], "as": "Authorization: Bearer {key}", "limits": ["5000/h"], "choose": "soonest", "dead": [401], "answersShared": true },
              "cache": { "mode": "ttl", "ttl": "5m", "targets": ["CDN-Cache-Control"] },
              "routes": { "search": { "match": "/search/**", "methods": ["GET"], "limits": ["30/min"] } },
              "geo": { "DE": ["10/s"] },
              "throttled": { "status": 200, "pointer": "/errors/0/type", "equals": "RATE_LIMITED" },
              "shares": { "critical": "100%", "high": 1, "medium": "90%", "low": "60%", "background": "20%" },
              "breaker": "off",
              "connections": { "perHost": 50, "idleTimeout": 300, "lifetime": "1h", "http": "1.1,2,3", "decompress": false },
              "tls": { "ca": "file:ca.pem", "clientCertificate": "file:client.pfx", "password": "env:CLIENT_PASSWORD" },
              "userAgents": ["acme-sync/2.1 (+https://acme.example)", "acme-sync/2.1"],
            },
            "openai": {
              "base": ["https://api.openai.com/v1", "https://eu.openai.example/v1"], "timeout": 120, "timing": "guaranteed", "straggle": "500ms",
              "connectTimeout": 5, "retries": 5, "retryDelay": 0.5, "retryCap": "2m", "queueTimeout": "10m", "patience": "15m", "maxBody": 1024, "cache": "ttl=300", "weight": 3,
              "limits": ["500/min", "90000 tokens/min"],
              "cost": { "tokens": { "estimate": 1200, "actual": "/usage/total_tokens" } },
              "keys": { "from": ["env:OPENAI_API_KEY"], "as": "?api_key={key}", "choose": "sticky" },
              "retry": { "statuses": [408, 429, "5xx"], "idempotencyKey": true, "budget": { "share": 0.2, "floor": "10/s" } },
              "breaker": { "failureThreshold": 10, "failureShare": "50%", "recoveryTimeout": "30s", "successThreshold": 2 },
              "hedge": { "after": "p99" },
              "adaptive": { "rate": true, "concurrency": true, "timeout": true, "resources": true, "ceiling": "50/s" },
              "chaos": { "errors": "500 2%", "latency": "200ms 10%", "resets": "1%" },
              "failover": false,
            },
            "crm": { "base": ["https://crm.example"], "oauth": { "tokenUrl": "https://login.example/token", "clientId": "sync", "clientSecret": "env:CRM_SECRET", "scopes": ["read", "write"], "audience": "https://crm.example", "send": "body" } },
          },
          "jobs": { "queue": "sqlite:", "store": "sqlite:jobs.db", "workers": 50, "most": 100, "backpressure": { "threshold": 10, "act": "drop_low_priority" }, "queues": { "bulk": { "workers": 10, "limits": ["7/s"], "match": { "tags": ["bulk"], "tenants": ["t"], "apis": ["a"], "urls": ["https://a.example/x"] } } }, "retention": { "age": "7d", "bytes": "2GiB" }, "durable": "power", "drain": 25 },
          "serve": { "listen": ["http://127.0.0.1:8015", "http://[::1]:0/"], "data": "./data", "hold": 120, "allowAddresses": ["10.1.0.0/16", "fd00::1"], "upRoot": "github", "metricsListen": "http://127.0.0.1:9092", "proxyListen": "http://127.0.0.1", "proxyUpgrade": ["api.example.com", "[::1]:8443"], "proxyIdle": "10m", "cacheDisk": "1GiB",
            "tokens": [{ "name": "ci", "hash": "sha256:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", "scopes": ["read", "submit"], "tenant": "ci", "created": "2026-01-01T00:00:00Z", "expires": "2030-01-31T00:00:00+01:00" }],
            "tokensFile": "tokens.json", "cors": ["https://App.example"], "hosts": ["Headgate.internal"], "rateLimits": ["100/s", "10 concurrent"],
            "tls": { "certificate": "file:cert.pem", "key": "file:key.pem", "password": "env:TLS_PASSWORD" } },
          "log": { "level": "warning", "format": "json", "steps": true, "requests": { "record": "errors", "bodies": "8KiB" } },
          "otlp": { "endpoint": "http://127.0.0.1:4318", "protocol": "http/protobuf", "headers": { "api-key": "env:COLLECTOR_KEY" } },
        }
        """;

    public static ConfigurationReading Read(string json, params (string Name, string Value)[] environment) => Read(json, [], environment);

    public static ConfigurationReading Read(string json, ConfigurationOverride[] flags, params (string Name, string Value)[] environment)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("headgate.json", json);
        return ConfigurationReader.Read(new ConfigurationSources
        {
            Directory = directory.Path,
            Environment = environment.ToDictionary(variable => variable.Name, variable => variable.Value),
            Flags = flags,
        });
    }

    /// <summary>The errors of a text, as users see them.</summary>
    public static string[] Errors(string json, params (string Name, string Value)[] environment) =>
        [.. Read(json, environment).Errors.Select(error => error.ToString())];
}

using System.Text.Json.Nodes;
using System.Text.Json;
using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class SchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(SchemaWriter.Write())!.AsObject();

    [Fact]
    public void Every_accepted_member_is_in_the_schema_with_what_it_means_and_no_other_is()
    {
        Compare(Settings.Root, Schema);

        static void Compare(Shape shape, JsonObject schema)
        {
            if (shape is Map map)
                Compare(map.Value, schema["additionalProperties"]!.AsObject());
            if (shape is not Group group)
                return;
            var properties = schema["properties"]!.AsObject();
            Assert.Equal(group.Members.Select(member => member.Name), properties.Select(property => property.Key));
            Assert.False(schema["additionalProperties"]!.GetValue<bool>());
            foreach (var member in group.Members)
            {
                Assert.Equal(member.Meaning, properties[member.Name]!["description"]!.GetValue<string>());
                Compare(member.Shape, properties[member.Name]!.AsObject());
            }
        }
    }

    [Fact]
    public void A_file_with_every_member_passes_both_the_schema_and_the_reader()
    {
        var members = new HashSet<string>();
        Collect(Settings.Root, "");
        var written = JsonNode.Parse(WrittenConfiguration.Complete, documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });

        Assert.True(new SchemaCheck(Schema).Passes(Schema, written));
        Assert.Empty(WrittenConfiguration.Errors(WrittenConfiguration.Complete));
        Assert.All(members, member => Assert.Contains($"\"{member}\"", WrittenConfiguration.Complete, StringComparison.Ordinal));

        void Collect(Shape shape, string name)
        {
            members.Add(name);
            foreach (var member in (shape as Group ?? (shape as Map)?.Value as Group)?.Members ?? [])
                Collect(member.Shape, member.Name);
            members.Remove("");
        }
    }

    [Theory]
    [InlineData("""{ "version": 2 }""")]
    [InlineData("""{ "proxies": { "pool-a": {} } }""")]
    [InlineData("""{ "proxies": { "pool-a": { "from": ["socks5://127.0.0.1"] } } }""")]
    [InlineData("""{ "proxies": { "pool-a": { "from": ["store:"] } } }""")]
    [InlineData("""{ "serve": { "listen": [] } }""")]
    [InlineData("""{ "serve": { "listen": ["ftp://127.0.0.1"] } }""")]
    [InlineData("""{ "serve": { "tokens": {} } }""")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "ci", "scopes": ["read"] }] } }""")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "ci", "hash": "hg_the_token_itself", "scopes": ["read"] }] } }""")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "ci", "hash": "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "scopes": ["write"] }] } }""")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "ci", "hash": "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "scopes": ["read"], "expires": "90d" }] } }""")]
    [InlineData("""{ "serve": { "cors": ["*"] } }""")]
    [InlineData("""{ "serve": { "cors": ["https://app.example/"] } }""")]
    [InlineData("""{ "serve": { "cors": ["https://*.example"] } }""")]
    [InlineData("""{ "serve": { "hosts": ["http://a"] } }""")]
    [InlineData("""{ "serve": { "rateLimits": [100] } }""")]
    [InlineData("""{ "serve": { "tls": { "key": "file:key.pem" } } }""")]
    [InlineData("""{ "serve": { "tls": { "certificate": "cert.pem" } } }""")]
    [InlineData("""{ "serve": { "hold": 0 } }""")]
    [InlineData("""{ "serve": { "data": "" } }""")]
    [InlineData("""{ "serve": { "allowAddresses": ["intranet"] } }""")]
    [InlineData("""{ "jobs": { "queue": "redis://somewhere" } }""")]
    [InlineData("""{ "jobs": { "retention": { "age": 0 } } }""")]
    [InlineData("""{ "jobs": { "queues": { "a b": {} } } }""")]
    [InlineData("""{ "jobs": { "queues": { "a": { "workers": 0 } } } }""")]
    [InlineData("""{ "jobs": { "retention": { "bytes": "2G" } } }""")]
    [InlineData("""{ "jobs": { "backpressure": "none" } }""")]
    [InlineData("""{ "jobs": { "backpressure": { "act": "drop" } } }""")]
    [InlineData("""{ "jobs": { "workers": 0 } }""")]
    [InlineData("""{ "defaults": { "timout": 1 } }""")]
    [InlineData("""{ "defaults": { "timeout": 0 } }""")]
    [InlineData("""{ "defaults": { "timeout": "soon" } }""")]
    [InlineData("""{ "defaults": { "retries": -1 } }""")]
    [InlineData("""{ "defaults": { "retries": 1.5 } }""")]
    [InlineData("""{ "defaults": { "limits": "10/s" } }""")]
    [InlineData("""{ "defaults": { "limits": [1] } }""")]
    [InlineData("""{ "defaults": { "timing": "sloppy" } }""")]
    [InlineData("""{ "defaults": { "maxBody": "16M" } }""")]
    [InlineData("""{ "total": { "limits": "learn" } }""")]
    [InlineData("""{ "upstreams": { "a": {} } }""")]
    [InlineData("""{ "upstreams": { "a b": { "base": ["http://a"] } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": [] } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["ftp://a"] } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "shares": { "low": 60 } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "cost": { "Tokens": { "estimate": 1 } } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "cost": { "tokens": { "estimate": 1, "actual": "usage" } } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["secret"] } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["env:K"], "as": "Bearer" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "retry": { "statuses": ["6xx"] } } } }""")]
    [InlineData("""{ "total": { "connections": 0 } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "connections": { "http": "3" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "connections": { "lifetime": 0 } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "tls": { "ca": "/etc/ca.pem" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "tls": { "clientCertificate": "file:a", "password": "secret" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "userAgents": [] } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "userAgents": [" a"] } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "breaker": "on" } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "breaker": { "failureShare": 0 } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "hedge": {} } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "hedge": { "after": "p100" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "chaos": { "errors": "often" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "chaos": { "latency": "10% 200ms" } } } }""")]
    public void What_the_reader_refuses_the_schema_refuses_too(string json)
    {
        Assert.NotEmpty(WrittenConfiguration.Errors(json));
        Assert.False(new SchemaCheck(Schema).Passes(Schema, JsonNode.Parse(json)));
    }

    [Fact]
    public void A_text_with_a_substitution_passes_in_the_place_of_any_value()
    {
        const string json = """{ "defaults": { "retries": "${env:N}", "timeout": "${file:t}", "timing": "${env:T}" } }""";
        Assert.True(new SchemaCheck(Schema).Passes(Schema, JsonNode.Parse(json)));
    }
}

using System.Security.Cryptography.X509Certificates;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.IntegrationTests.Connections;

/// <summary>Certificates are verified, always: what cannot be trusted is never sent anything.</summary>
public sealed class TlsTests(ITestOutputHelper output) : IDisposable
{
    private readonly TestAuthority _authority = new("Headgate test authority");

    public void Dispose() => _authority.Dispose();

    private static async Task<bool> AnswerAsync(ByteRequest request)
    {
        await request.SayAsync(HostileAnswers.Ok);
        return true;
    }

    [Fact]
    public async Task What_cannot_be_trusted_is_sent_nothing_and_its_lines_fail_quickly()
    {
        using var other = new TestAuthority("Another authority");
        await using var selfSigned = new ByteServer(AnswerAsync, TestAuthority.SelfSigned("localhost"));
        await using var expired = new ByteServer(AnswerAsync, _authority.Sign("localhost", DateTimeOffset.UtcNow.AddDays(-1)));
        await using var otherName = new ByteServer(AnswerAsync, _authority.Sign("other.example"));
        await using var unknown = new ByteServer(AnswerAsync, other.Sign("localhost"));
        await using var forClients = new ByteServer(AnswerAsync, _authority.Sign("localhost", purpose: "1.3.6.1.5.5.7.3.2"));
        await using var plain = new ByteServer(AnswerAsync);
        await using var trusted = new ByteServer(AnswerAsync, _authority.Sign("localhost"));
        await using var cli = new Cli();
        var servers = new Dictionary<string, ByteServer>
        {
            ["self-signed"] = selfSigned, ["expired"] = expired, ["other-name"] = otherName, ["unknown"] = unknown, ["for-clients"] = forClients, ["plain"] = plain, ["trusted"] = trusted,
        };
        cli.Write("ca.pem", _authority.Pem);
        cli.Write("headgate.json", Configuration(servers.Select(server => (server.Key, $"https://localhost:{server.Value.Port}", """ "tls": { "ca": "file:ca.pem" }, "retryDelay": 0.05, "connectTimeout": 3 """))));
        cli.Write("in.jsonl", servers.SelectMany(server => Enumerable.Range(1, 5).Select(n => Requests.Line($"{server.Key}-{n}", $"https://localhost:{server.Value.Port}/{n}"))));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        output.WriteLine(result + string.Join('\n', cli.Results()));
        var results = cli.Results();
        Assert.Equal((1, 35), (result.Code, results.Count));
        Assert.All(results.Where(line => line.Id!.StartsWith("trusted", StringComparison.Ordinal)), line => Assert.True(line.Ok));
        Assert.All(results.Where(line => !line.Id!.StartsWith("trusted", StringComparison.Ordinal)), line =>
        {
            Assert.Equal(("network", 0, false), (line.Class, line.Attempts, line.MaybeSent));
            // What does not speak TLS at all says nothing to our hello.
            Assert.Contains($"was never reached in 3 tries: {(line.Id!.StartsWith("plain", StringComparison.Ordinal) ? "no connection within the connect timeout" : "no TLS connection: ")}", line.Detail);
        });
        Assert.All(servers, server => Assert.Equal(server.Key == "trusted" ? 5 : 0, server.Value.Requests));
        Assert.Equal(5, cli.Ledger().Count);
        Assert.InRange(result.Elapsed.TotalSeconds, 0, 30);
    }

    [Fact]
    public async Task The_authorities_of_the_system_do_not_count_where_others_are_named_and_ours_only_for_their_API()
    {
        await using var named = new ByteServer(AnswerAsync, _authority.Sign("localhost"));
        await using var unnamed = new ByteServer(AnswerAsync, _authority.Sign("localhost"));
        await using var cli = new Cli();
        cli.Write("ca.pem", $"# more than one\n{TestAuthority.SelfSigned("elsewhere").ExportCertificatePem()}\n{_authority.Pem}\n");
        cli.Write("headgate.json", Configuration([("named", named.Url, """ "tls": { "ca": "file:ca.pem" } """)]));
        cli.Write("in.jsonl", [Requests.Line("named", named.Url), Requests.Line("unnamed", unnamed.Url, "\"retry_delay\":0.01")]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        output.WriteLine(result.ToString());
        Assert.Equal((1, 1, 0), (result.Code, named.Requests, unnamed.Requests));
        Assert.Equal(["named"], cli.Results().Where(line => line.Ok).Select(line => line.Id));
    }

    [Theory]
    [InlineData("client.pem", null)]
    [InlineData("client.pfx", "s3cret")]
    public async Task A_server_that_asks_who_we_are_is_shown_our_certificate(string file, string? password)
    {
        await using var server = await SecureServer.StartAsync(HttpProtocols.Http1AndHttp2, _authority.Sign("localhost"), asksClients: true);
        await using var cli = new Cli();
        using var own = _authority.Sign("acme-sync", purpose: "1.3.6.1.5.5.7.3.2");
        cli.Write("ca.pem", _authority.Pem);
        cli.Write("client.pem", $"{own.ExportCertificatePem()}\n{own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n");
        File.WriteAllBytes(cli.PathOf("client.pfx"), own.Export(X509ContentType.Pkcs12, password));
        cli.Environment["CLIENT_PASSWORD"] = password;
        cli.Write("headgate.json", Configuration(
            [("shop", server.Url, $$""" "tls": { "ca": "file:ca.pem", "clientCertificate": "file:{{file}}"{{(password is null ? "" : ", \"password\": \"env:CLIENT_PASSWORD\"")}} } """)]));
        cli.Write("in.jsonl", [Requests.Line("x", server.Url)]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        Assert.True(result.Code == 0, result + string.Join('\n', cli.Read("out.jsonl")));
        Assert.Equal(1, server.ByClient["CN=acme-sync"]);
        Assert.Equal(1, server.ByProtocol["HTTP/2"]);
    }

    [Fact]
    public async Task Without_a_certificate_it_sends_us_away_and_the_line_fails_in_time()
    {
        await using var server = await SecureServer.StartAsync(HttpProtocols.Http1AndHttp2, _authority.Sign("localhost"), asksClients: true);
        await using var cli = new Cli();
        cli.Write("ca.pem", _authority.Pem);
        cli.Write("headgate.json", Configuration([("shop", server.Url, """ "tls": { "ca": "file:ca.pem" }, "retryDelay": 0.05 """)]));
        cli.Write("in.jsonl", [Requests.Line("x", server.Url)]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "1");

        output.WriteLine(result + string.Join('\n', cli.Read("out.jsonl")));
        Assert.Equal((1, 0), (result.Code, server.Requests));
        Assert.Equal("network", Assert.Single(cli.Results()).Class);
    }

    [Fact]
    public async Task Files_that_cannot_be_used_end_the_run_before_anything_is_sent()
    {
        await using var server = new ByteServer(AnswerAsync, _authority.Sign("localhost"));
        await using var cli = new Cli();
        cli.Write("ca.pem", "not a certificate");
        cli.Write("headgate.json", Configuration([("shop", server.Url, """ "tls": { "ca": "file:ca.pem", "clientCertificate": "file:gone.pfx" } """)]));
        cli.Write("in.jsonl", [Requests.Line("x", server.Url)]);

        foreach (var verb in (string[][])[["run", "in.jsonl", "-o", "out.jsonl"], ["send", server.Url], ["config", "check"]])
        {
            var result = await cli.RunAsync(verb);
            Assert.True(result.Code == 3, result.ToString());
            Assert.Contains($"{cli.PathOf("ca.pem")}: /upstreams/shop/tls/ca: there is no certificate in it", result.Error);
            Assert.Contains($"{cli.PathOf("gone.pfx")}: /upstreams/shop/tls/clientCertificate: cannot be read", result.Error);
        }
        Assert.Equal(0, server.Connections);
        Assert.False(File.Exists(cli.PathOf("out.jsonl")));
    }

    internal static string Configuration(IEnumerable<(string Name, string Url, string More)> apis) =>
        $$"""{ "upstreams": { {{string.Join(", ", apis.Select(api => $$""" "{{api.Name}}": { "base": ["{{api.Url}}"], {{api.More}} } """))}} } }""";
}

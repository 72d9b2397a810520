using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Secrets;

/// <summary>The encrypted store of keys, by the program itself.</summary>
public sealed class StoredKeysTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public StoredKeysTests()
    {
        _cli.Environment["HEADGATE_KEYS"] = _cli.PathOf("keys");
        _cli.Environment["HEADGATE_SECRET"] = "a secret of some length";
    }

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task Keys_are_added_shown_used_by_a_run_and_taken_out()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        Assert.Equal(0, (await AddAsync("first-value\n", "api", "one", "--limit", "100/s")).Code);
        Assert.Equal((0, "", "headgate: api: key \"key-1\" is kept, encrypted\n"), await AddAsync("second-value", "api") is var added ? (added.Code, added.Output, added.Error) : default);
        var shown = await _cli.RunAsync("keys", "ls");
        Assert.Matches(@"(?m)^api +one +\S.* +100/s +1\s*$", shown.Output);
        Assert.DoesNotContain("-value", shown.Output + File.ReadAllText(_cli.PathOf("keys/keys.json")), StringComparison.Ordinal);
        Assert.Equal(2, JsonNode.Parse((await _cli.RunAsync("keys", "ls", "--json")).Output)!["keys"]!.AsArray().Count);

        _cli.Write("in.jsonl", Requests.Items(api.Url, 20));
        var run = await _cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--keys", "store:api", "--key-as", "X-Api-Key: {key}", "--key-limit", "100/s");
        Assert.True(run.Code == 0, $"{run}");
        Assert.Equal(2, api.Report().Keys.Count(key => key.Fingerprint is not null));
        Assert.Equal(["key-1", "one"], _cli.ReadJson("out.jsonl").Select(line => line.GetProperty("key").GetString()).Distinct().Order(StringComparer.Ordinal));

        Assert.Equal(0, (await _cli.RunAsync("keys", "rm", "api", "one")).Code);
        Assert.Equal(3, (await _cli.RunAsync("keys", "rm", "api", "one")).Code);
        Assert.Equal(0, (await _cli.RunAsync("config", "check")).Code);
    }

    [Fact]
    public async Task A_service_uses_a_key_that_is_replaced_without_a_restart()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await AddAsync("first-value", "api", "one");
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--keys", "store:api", "--key-as", "X-Api-Key: {key}");
        Assert.Equal(200, (int)(await service.Client.GetAsync("/up/sim/a")).StatusCode);

        Assert.Equal(3, (await AddAsync("second-value", "api", "one")).Code);
        Assert.Equal(0, (await AddAsync("second-value", "api", "one", "--replace")).Code);

        for (var look = 0; look < 200 && api.Report().Keys.Count(key => key.Fingerprint is not null) < 2; look++)
        {
            await Task.Delay(100);
            Assert.Equal(200, (int)(await service.Client.GetAsync("/up/sim/b")).StatusCode);
        }
        Assert.Equal(2, api.Report().Keys.Count(key => key.Fingerprint is not null));
    }

    [Theory]
    [InlineData("HEADGATE_SECRET", null, "set HEADGATE_SECRET")]
    [InlineData("HEADGATE_SECRET", "another secret of that length", "HEADGATE_SECRET is another")]
    [InlineData("HEADGATE_KEYS", "/nowhere/keys", "headgate keys add api")]
    public async Task What_cannot_be_decrypted_is_told_before_anything_is_sent(string variable, string? value, string says)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await AddAsync("first-value", "api");
        _cli.Environment[variable] = value;
        _cli.Write("in.jsonl", Requests.Items(api.Url, 1));

        var run = await _cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--keys", "store:api");

        Assert.Equal(3, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.Equal(0, api.Report().Arrivals);
    }

    [Fact]
    public async Task A_certificate_protects_the_store_as_well()
    {
        _cli.Environment["HEADGATE_SECRET"] = null;
        _cli.Environment["HEADGATE_CERTIFICATE"] = RsaCertificate("store.pem");

        Assert.Equal(0, (await AddAsync("first-value", "api")).Code);
        Assert.Equal(0, (await AddAsync("second-value", "api")).Code);

        _cli.Environment["HEADGATE_CERTIFICATE"] = RsaCertificate("other.pem");
        var other = await AddAsync("third-value", "api");
        Assert.Equal(3, other.Code);
        Assert.Contains("HEADGATE_CERTIFICATE is another certificate", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the value is empty")]
    [InlineData("two\nlines", "is not printable ASCII")]
    [InlineData("env:KEY", "the name of a variable")]
    public async Task What_is_no_key_is_refused(string value, string says)
    {
        var result = await AddAsync(value, "api");

        Assert.Equal(3, result.Code);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
    }

    private Task<CliResult> AddAsync(string value, params string[] arguments) => _cli.RunAsync(value, Cli.Patience, ["keys", "add", .. arguments]);

    private string RsaCertificate(string name)
    {
        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=store", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(365));
        return _cli.Write(name, $"{certificate.ExportCertificatePem()}\n{rsa.ExportPkcs8PrivateKeyPem()}\n");
    }
}

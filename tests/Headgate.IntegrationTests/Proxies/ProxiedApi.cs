using Headgate.Configuration;
using Headgate.IntegrationTests.Transport;
using Headgate.Proxies;
using Headgate.Retries;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>What one attempt through a proxy came to.</summary>
/// <param name="Status">Of the answer; 0 for none.</param>
/// <param name="Body">Of the answer.</param>
/// <param name="Outcome">What the failure means; only for one.</param>
/// <param name="Stamps">How often it was sent.</param>
/// <param name="Thrown">All that was thrown, in words.</param>
internal sealed record ProxiedAnswer(int Status, string Body, Outcome Outcome, int Stamps, string Thrown);

/// <summary>What sends to one API through proxies, in this process: as the engine makes it, without its gate.</summary>
internal sealed class ProxiedApi : IDisposable
{
    private readonly Engine _engine;
    private readonly Upstream _upstream;

    /// <param name="url">Its base address.</param>
    /// <param name="more">Members of its configuration.</param>
    /// <param name="folder">Where files of the configuration are.</param>
    /// <param name="guards">Whether only addresses of the internet may be reached; of an API that nobody configured.</param>
    public ProxiedApi(string url, string more = "", string? folder = null, bool guards = false)
    {
        var directory = folder ?? Path.GetTempPath();
        var file = Path.Combine(directory, $"{Guid.NewGuid():N}.json");
        File.WriteAllText(file, guards ? "{}" : $$"""{ "upstreams": { "api": { "base": ["{{url}}"], {{more}} } } }""");
        var configuration = ConfigurationReader.Read(ConfigurationSources.Nothing with { File = file, Directory = directory }).OrThrow();
        File.Delete(file);
        _engine = new Engine(configuration, new EngineOptions { GuardsAddresses = guards });
        Url = new Uri(url);
        _upstream = _engine.UpstreamOf(Url);
    }

    public Uri Url { get; }

    public Upstream Upstream => _upstream;

    public static ProxyEndpoint Read(string proxy) => ProxyEndpoint.TryParse(proxy, out var endpoint, out var problem) ? endpoint : throw new ArgumentException(problem);

    /// <summary>Sends one attempt, and reads its answer.</summary>
    public async Task<ProxiedAnswer> SendAsync(string proxy, string path = "/", HttpContent? body = null, Action<AttemptMessage>? change = null, TimeSpan? timeout = null)
    {
        using var patience = new CancellationTokenSource(timeout ?? TimeSpan.FromSeconds(30));
        var witness = new Witness();
        using var message = new AttemptMessage(body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(Url, path), witness) { Content = body };
        change?.Invoke(message);
        try
        {
            using var answer = await _upstream.Transport.SendAsync(message.Ready(), asItIs: false, Read(proxy), patience.Token);
            return new ProxiedAnswer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(patience.Token), default, witness.Stamps, "");
        }
        catch (Exception failure)
        {
            var reason = patience.IsCancellationRequested ? CancellationReason.AttemptTimeout : CancellationReason.None;
            return new ProxiedAnswer(0, "", FailureReader.Classify(failure, message.Sent, reason), witness.Stamps, $"{failure}");
        }
    }

    /// <summary>Reads a large answer without keeping it.</summary>
    /// <returns>How long it was.</returns>
    public async Task<long> DrainAsync(string proxy, string path, CancellationToken cancellation)
    {
        using var message = new AttemptMessage(HttpMethod.Get, new Uri(Url, path), new Witness());
        using var answer = await _upstream.Transport.SendAsync(message.Ready(), asItIs: true, Read(proxy), cancellation);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[64 * 1024];
        var length = 0L;
        while (await stream.ReadAsync(buffer, cancellation) is > 0 and var count)
            length += count;
        return length;
    }

    public Task<ProxyFaultException?> WhyGoneAsync(string proxy) => _upstream.Transport.WhyGoneAsync(Read(proxy));

    public void Dispose() => _engine.Dispose();
}

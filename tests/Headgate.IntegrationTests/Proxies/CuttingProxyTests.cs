using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>A proxy that breaks off each answer in its middle, beside two that do not.</summary>
public sealed class CuttingProxyTests : IAsyncLifetime
{
    /// <summary>Those that go together at first, and one after 1, 5 and 21 s each.</summary>
    private const int FewTries = 10;

    private readonly Cli _cli = new();
    private ExitServer _api = null!;
    private ForwardingProxy _cutter = null!;
    private ForwardingProxy[] _good = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ExitServer.StartAsync();
        _cutter = new ForwardingProxy(new Uri(_api.Url), cuts: 20_000);
        _good = [new ForwardingProxy(new Uri(_api.Url)), new ForwardingProxy(new Uri(_api.Url))];
        _cli.Write("proxies.txt", [_cutter.Url, .. _good.Select(proxy => proxy.Url)]);
    }

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        foreach (var proxy in _good.Append(_cutter))
            await proxy.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task A_run_has_all_whole_and_is_charged_nothing_and_tries_the_bad_one_a_few_times()
    {
        _cli.Write("in.jsonl", Enumerable.Range(1, 300).Select(n => Requests.Line($"{n}", Body(n))));

        var run = await _cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--proxies", "proxies.txt", "--retries", "0", "--limit", "100/s");

        Assert.Equal(0, run.Code);
        RunOutput.EachOnce(_cli.Results(), Enumerable.Range(1, 300).Select(n => $"{n}"));
        Assert.InRange(_cutter.Requests, 1, FewTries);
    }

    [Fact]
    public async Task Through_the_gateway_few_callers_get_a_part_and_the_API_is_not_blamed()
    {
        _cli.Write("headgate.json", $$"""
            { "proxies": { "pool": { "from": ["file:proxies.txt"] } },
              "defaults": { "breaker": { "failureThreshold": 1 }, "cache": "off" },
              "upstreams": { "api": { "base": ["{{_api.Url}}"], "proxies": "pool" } } }
            """);
        await using var service = await ServiceProcess.StartAsync(_cli);

        var cut = 0;
        for (var round = 0; round < 30; round++)
            cut += (await Task.WhenAll(Enumerable.Range(0, 4).Select(n => LengthAsync(service.Client, $"/up/api/body?n=200000&r={round}.{n}")))).Count(length => length != 200_000);

        Assert.InRange(_cutter.Requests, 1, FewTries);
        Assert.InRange(cut, 0, _cutter.Requests);
        Assert.Contains("on its way through the proxy", await service.Client.GetStringAsync("/api/v1/proxies"), StringComparison.Ordinal);
        Assert.DoesNotContain("its breaker is open", service.Process.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_streams_is_told_whose_fault_it_was()
    {
        await using var client = new HeadgateClient(_api.Url, options =>
        {
            options.ProxyPools["pool"].From = [$"file:{Path.Combine(_cli.Folder, "proxies.txt")}"];
            options.Proxies = "pool";
        });
        var failures = new List<HeadgateException>();

        for (var n = 0; n < 60; n++)
            try
            {
                using var answer = await client.GetAsync($"/body?n=200000&r={n}", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
                await using var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
                await body.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
            }
            catch (HeadgateException failure)
            {
                failures.Add(failure);
            }

        Assert.InRange(_cutter.Requests, 1, FewTries);
        Assert.Equal(_cutter.Requests, failures.Count);
        Assert.All(failures, failure => Assert.Equal(FailureClass.Proxy, failure.FailureClass));
        Assert.Equal("closed", client.GetMetrics().BreakerState);
    }

    [Fact]
    public async Task An_API_that_breaks_each_answer_off_takes_no_proxy_away()
    {
        await using var hostile = new ForwardingProxy(new Uri(_api.Url), cuts: 20_000);
        // What the proxies take for the API breaks off whatever it answers.
        await using var first = new ForwardingProxy(new Uri(hostile.Url));
        await using var second = new ForwardingProxy(new Uri(hostile.Url));
        await using var third = new ForwardingProxy(new Uri(hostile.Url));
        _cli.Write("proxies.txt", [first.Url, second.Url, third.Url]);
        _cli.Write("in.jsonl", Enumerable.Range(1, 12).Select(n => Requests.Line($"{n}", Body(n))));

        var run = await _cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--proxies", "proxies.txt", "--retries", "1");

        Assert.Equal(1, run.Code);
        Assert.All(_cli.Results(), line => Assert.False(line.Ok));
        Assert.DoesNotContain("is not used any more", run.Error, StringComparison.Ordinal);
        // Each twice for itself, and until three proxies can be compared.
        Assert.InRange(hostile.Requests, 12, 12 * 4);
    }

    private string Body(int number) => $"{_api.Url}/body?n=200000&r={number}";

    private static async Task<long> LengthAsync(HttpClient client, string url)
    {
        try
        {
            using var answer = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);
            await using var body = await answer.Content.ReadAsStreamAsync();
            using var target = new MemoryStream();
            await body.CopyToAsync(target);
            return target.Length;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return -1;
        }
    }
}

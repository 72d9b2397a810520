using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>Whatever was answered 202 is done, and exactly once, whenever the service is killed; and no window is exceeded.</summary>
[Collection(Measured.Alone)]
public sealed class ServiceKillTests(ITestOutputHelper output)
{
    private const int Concurrency = 50;
    private const string Limit = "1000/s";

    private readonly List<string> _accepted = [];

    [Fact]
    public async Task What_was_accepted_is_done_once_whenever_the_service_is_killed()
    {
        var seed = Environment.GetEnvironmentVariable("HEADGATE_TEST_SEED") is { Length: > 0 } given ? int.Parse(given) : Random.Shared.Next();
        var (random, kills) = (new Random(seed), Measured.IsLong ? 30 : 5);
        output.WriteLine($"HEADGATE_TEST_SEED={seed}, {kills} kills");
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-30ms", "20ms", Limit) with { Seed = seed });
        await using var cli = new Cli();
        var sent = 0;

        for (var kill = 0; kill < kills; kill++)
        {
            await using var service = await StartAsync(cli, api);
            var killing = KillAsync(service, random.Next(1500));
            sent = await SubmitUntilGoneAsync(service, api, sent);
            await killing;
        }
        await using var last = await StartAsync(cli, api);
        var results = await last.WaitAsync(_accepted);

        Judge(api, results, kills);
        foreach (var ledger in Directory.GetFiles(Path.Combine(cli.Folder, "data", "ledgers")).Order())
        {
            var verdict = await cli.RunAsync("verify", ledger);
            Assert.True(verdict.Code == 0, $"{ledger}\n{verdict}");
        }
    }

    private static Task<ServiceProcess> StartAsync(Cli cli, SimulatedApi api) =>
        ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", Limit, "--concurrency", $"{Concurrency}");

    private static async Task KillAsync(ServiceProcess service, int after)
    {
        await Task.Delay(after);
        service.Process.Kill();
        await service.Process.EndAsync();
    }

    /// <summary>Batch after batch, until nobody answers any more. Of the last one nobody knows whether it was taken.</summary>
    private async Task<int> SubmitUntilGoneAsync(ServiceProcess service, SimulatedApi api, int sent)
    {
        try
        {
            while (true)
            {
                var batch = Enumerable.Range(sent, 20).ToList();
                sent += 20;
                _accepted.AddRange(await service.SubmitAsync(batch.Select(n => LineOf(api.Url, n))));
                await Task.Delay(10);
            }
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or JsonException)
        {
            return sent;
        }
    }

    /// <summary>Of ten jobs seven may be sent twice without harm, and three may not.</summary>
    private static string LineOf(string url, int n) => (n % 10) switch
    {
        3 => Requests.Item(url, n, more: $$""","method":"POST","data":{"n":{{n}}},"idempotency_key":"k{{n}}" """),
        5 or 8 or 9 => Requests.Item(url, n, more: $$""","method":"POST","data":{"n":{{n}}}"""),
        _ => Requests.Item(url, n),
    };

    private static bool MayNotRepeat(string item) => int.Parse(item.AsSpan(1)) % 10 is 5 or 8 or 9;

    private void Judge(SimulatedApi api, List<JsonElement> results, int kills)
    {
        var arrivals = api.Arrivals().GroupBy(arrival => arrival.Item!).ToDictionary(group => group.Key, group => group.Count());
        var marked = results.Where(job => job.GetProperty("maybe_sent").GetBoolean()).ToList();
        output.WriteLine($"{_accepted.Count} accepted, {arrivals.Count} items arrived, {arrivals.Values.Sum() - arrivals.Count} again, {marked.Count} marked");
        Assert.Equal(_accepted.Order(), results.Select(job => job.GetProperty("request_id").GetString()!).Order());
        Assert.Equal(0, api.Report().Refused);
        Assert.InRange(api.Report().Limits[0].OfferedWorstPercent, 0, 100);
        Assert.InRange(arrivals.Values.Sum() - arrivals.Count, 0, kills * Concurrency);
        Assert.InRange(marked.Count, 0, kills * Concurrency);
        Assert.All(arrivals, item => Assert.True(item.Value == 1 || !MayNotRepeat(item.Key), $"{item.Key} arrived {item.Value} times"));
        foreach (var job in results)
        {
            var (item, isOk) = (job.GetProperty("id").GetString()!, job.GetProperty("ok").GetBoolean());
            Assert.True(isOk ? arrivals.ContainsKey(item) : MayNotRepeat(item) && job.GetProperty("error").GetProperty("class").GetString() == "maybe_sent", $"{job}");
        }
    }
}

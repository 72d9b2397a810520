using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>A backup is taken while the service works, and what comes out of it elsewhere loses nothing, exceeds nothing, and sends nothing twice unmarked.</summary>
[Collection(Measured.Alone)]
public sealed class BackupTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_was_accepted_before_the_backup_ends_once_after_the_restore_and_no_limit_is_exceeded()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-10ms", "5ms", "100/2s"));
        await using var cli = new Cli();
        var first = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "100/2s");
        var ids = await first.SubmitAsync(Enumerable.Range(0, 400).Select(n => LineOf(api.Url, n)));
        await Task.Delay(500);

        var backup = await cli.RunAsync("backup", "b.tar.gz");
        // The next window opens, so that what is sent is not in the backup.
        for (var before = api.Report().Arrivals; api.Report().Arrivals < before + 20;)
            await Task.Delay(20);
        first.Process.Kill();
        await first.Process.EndAsync();
        await first.DisposeAsync();
        var restore = await cli.RunAsync("restore", "b.tar.gz", "--data", "elsewhere");
        output.WriteLine($"{backup}\n{restore}");

        Assert.Equal((0, 0), (backup.Code, restore.Code));
        await using var second = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "100/2s", "--data", "elsewhere");
        var jobs = await second.WaitAsync(ids);
        Judge(api, ids, jobs);
        var later = await second.WaitAsync(await second.SubmitAsync([Requests.Item(api.Url, 5000, more: ""","method":"POST","data":1""")]));
        Assert.Equal((true, false), (later[0].GetProperty("ok").GetBoolean(), later[0].GetProperty("maybe_sent").GetBoolean()));
    }

    [Fact]
    public async Task Of_a_service_that_was_stopped_nothing_is_marked_and_what_was_sent_still_counts()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "1ms", "40/20s"));
        await using var cli = new Cli();
        List<string> ids;
        await using (var first = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "40/20s"))
        {
            ids = await first.SubmitAsync(Enumerable.Range(0, 60).Select(n => Requests.Item(api.Url, n, more: ""","method":"POST","data":1""")));
            while (api.Report().Arrivals < 40)
                await Task.Delay(20);
            first.Process.Terminate();
            Assert.Equal(0, (await first.Process.EndAsync()).Code);
        }

        Assert.Contains("does not run", (await cli.RunAsync("backup", "b.tar")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync("restore", "b.tar", "--data", "elsewhere")).Code);
        await using var second = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "40/20s", "--data", "elsewhere");
        var jobs = await second.WaitAsync(ids);

        Assert.Equal(60, jobs.Count);
        Assert.All(jobs, job => Assert.Equal((true, false), (job.GetProperty("ok").GetBoolean(), job.GetProperty("maybe_sent").GetBoolean())));
        Assert.Equal((60, 0), ((int)api.Report().Arrivals, (int)api.Report().Refused));
    }

    [Fact]
    public async Task Nothing_is_overwritten_and_what_is_wrong_is_told()
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);
        Assert.Equal(0, (await cli.RunAsync("backup", "b.tar")).Code);
        cli.Write("text.tar", "this is no archive");

        await RefusedAsync(2, "is there already", "backup", "b.tar");
        await RefusedAsync(8, "--data", "backup", "c.tar", "--data", "nowhere");
        await RefusedAsync(3, "end with the process", "backup", "c.tar", "--store", "memory:");
        await RefusedAsync(3, "is not empty", "restore", "b.tar");
        await RefusedAsync(4, "is not there", "restore", "missing.tar", "--data", "new");
        await RefusedAsync(4, "nothing was restored", "restore", "text.tar", "--data", "new");
        await RefusedAsync(2, "zone", "restore", "b.tar", "--data", "new", "--stopped-at", "yesterday");
        await RefusedAsync(2, "cannot have stopped before", "restore", "b.tar", "--data", "new", "--stopped-at", "2020-01-01T00:00:00Z");
        Assert.Equal(0, (await cli.RunAsync("restore", "b.tar", "--data", "new")).Code);

        async Task RefusedAsync(int code, string words, params string[] arguments)
        {
            var result = await cli.RunAsync(arguments);
            Assert.True(result.Code == code && result.Error.Contains(words, StringComparison.Ordinal), $"{string.Join(' ', arguments)}: {result}");
            Assert.False(File.Exists(cli.PathOf("c.tar")));
        }
    }

    /// <summary>Of four jobs one may not be sent twice.</summary>
    private static string LineOf(string url, int n) => Requests.Item(url, n, more: n % 4 == 3 ? ""","method":"POST","data":1""" : "");

    private void Judge(SimulatedApi api, List<string> ids, List<JsonElement> jobs)
    {
        var arrivals = api.Arrivals().GroupBy(arrival => arrival.Item!).ToDictionary(group => group.Key, group => group.Count());
        output.WriteLine($"{arrivals.Values.Count(count => count > 1)} items arrived twice, {jobs.Count(job => job.GetProperty("maybe_sent").GetBoolean())} jobs are marked");
        Assert.Equal(ids.Order(), jobs.Select(job => job.GetProperty("request_id").GetString()!).Order());
        Assert.Equal(0, api.Report().Refused);
        Assert.InRange(api.Report().Limits[0].OfferedWorstPercent, 0, 100);
        Assert.Contains(arrivals.Values, count => count > 1);
        foreach (var job in jobs)
        {
            var (item, isOk, isMarked) = (job.GetProperty("id").GetString()!, job.GetProperty("ok").GetBoolean(), job.GetProperty("maybe_sent").GetBoolean());
            var count = arrivals.GetValueOrDefault(item);
            var mayRepeat = int.Parse(item.AsSpan(1)) % 4 != 3;
            Assert.True(count <= 1 || (mayRepeat && isMarked), $"{item} arrived {count} times: {job}");
            Assert.True(isOk ? count > 0 : !mayRepeat && job.GetProperty("error").GetProperty("class").GetString() == "maybe_sent", $"{job}");
        }
    }
}

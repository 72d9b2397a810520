using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>What becomes of jobs when the service is stopped in good order, and when its disk is full.</summary>
public sealed class ServiceStopTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Told_to_stop_it_finishes_what_is_in_flight_and_the_next_start_does_the_rest()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "300ms", "1000/s"));
        await using var cli = new Cli();
        var first = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "100/s");
        var ids = await first.SubmitAsync(Requests.Items(api.Url, 200));
        await Task.Delay(700);

        first.Process.Terminate();
        var result = await first.Process.EndAsync();
        await first.DisposeAsync();

        output.WriteLine(result.ToString());
        Assert.Equal(0, result.Code);
        Assert.InRange(api.Report().Arrivals, 1, 199);
        await using var second = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        var jobs = await second.WaitAsync(ids);
        Assert.Equal(200, jobs.Count);
        Assert.All(jobs, job => Assert.Equal("completed", job.GetProperty("status").GetString()));
        // Nothing that was in flight was sent again.
        Assert.Equal(200, api.Report().Arrivals);
        Assert.DoesNotContain(jobs, job => job.GetProperty("maybe_sent").GetBoolean());
    }

    [Fact]
    public async Task On_a_full_disk_nothing_is_accepted_or_lost_and_with_room_it_goes_on()
    {
        Assert.SkipUnless(Environment.UserName == "root", "a small disk needs root to be mounted");
        await using var disk = await Tmpfs.MountAsync("12m");
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        // Jobs are under way all the time: the ledger and the record of the limit meet the full disk as well.
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--data", disk.Folder, "--limit", "50/s");
        var accepted = await service.SubmitAsync(Requests.Items(api.Url, 400));
        var ballast = Path.Combine(disk.Folder, "ballast");
        await FillAsync(ballast);

        var refused = 0;
        for (var n = 1000; n < 1300 && refused == 0; n++)
        {
            var (status, json) = await service.CallAsync("POST", "/api/v1/request", $$"""{"url":"{{api.Url}}/x","data":"{{new string('x', 4000)}}"}""");
            if (status == 202)
                accepted.Add((string)json["request_id"]!);
            else
                Assert.Equal(507, status);
            refused += status == 507 ? 1 : 0;
        }
        Assert.Equal(1, refused);
        await Task.Delay(3000);

        File.Delete(ballast);
        var jobs = await service.WaitAsync(accepted);
        output.WriteLine(service.Process.Error.Text);
        Assert.Equal(accepted.Count, jobs.Count);
        Assert.All(jobs, job => Assert.True(job.GetProperty("status").GetString() == "completed", $"{job}"));
        Assert.Equal(accepted.Count, api.Report().Arrivals);
        Assert.Equal(202, (await service.CallAsync("POST", "/api/v1/request", $$"""{"url":"{{api.Url}}/x"}""")).Status);
    }

    [Fact]
    public async Task Told_to_stop_it_waits_for_calls_that_it_passes_through()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        var call = service.CallAsync("GET", "/up/sim/delay/4000");
        while (api.Report().Arrivals == 0)
            await Task.Delay(20);

        service.Process.Terminate();

        Assert.Equal(200, (await call).Status);
        Assert.Equal(0, (await service.Process.EndAsync()).Code);
    }

    [Fact]
    public async Task Told_to_stop_it_tells_a_call_that_takes_longer_than_there_is_time_for()
    {
        // Found: its connection was cut, without a status.
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--drain", "1", "--proxy-listen", "127.0.0.1:0");
        using var through = new HttpClient(new HttpClientHandler { Proxy = new System.Net.WebProxy(await service.ProxyAsync()) });
        var (call, proxied) = (service.Client.GetAsync("/up/sim/delay/60000?one"), through.GetAsync($"{api.Url}/delay/60000?two"));
        while (api.Report().Arrivals < 2)
            await Task.Delay(20);

        service.Process.Terminate();

        foreach (var cut in (Task<HttpResponseMessage>[])[call, proxied])
        {
            using var answer = await cut;
            Assert.Equal(504, (int)answer.StatusCode);
            Assert.Contains("the service has stopped before the answer came", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.Equal(0, (await service.Process.EndAsync()).Code);
    }

    [Fact]
    public async Task Told_to_stop_it_keeps_nobody_waiting_for_what_does_not_come()
    {
        // Found: whoever waited was kept until the end of the drain, and its connection was reset then.
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "1/min", "--proxy-listen", "127.0.0.1:0", "--drain", "20");
        Assert.Equal(200, (await service.CallAsync("GET", "/up/sim/first")).Status);
        var id = (await service.SubmitAsync([$$"""{"url":"{{api.Url}}/later"}"""]))[0];
        using var through = new HttpClient(new HttpClientHandler { Proxy = new System.Net.WebProxy(await service.ProxyAsync()) });
        var (held, proxied) = (service.Client.GetAsync("/up/sim/held"), through.GetAsync($"{api.Url}/proxied"));
        var wait = service.CallAsync("POST", "/api/v1/requests/wait", $$"""{"request_ids":["{{id}}"]}""");
        using var rather = new HttpRequestMessage(HttpMethod.Post, "/api/v1/request") { Content = new StringContent($$"""{"url":"{{api.Url}}/rather"}""") };
        rather.Headers.Add("Prefer", "wait=60");
        var preferred = service.Client.SendAsync(rather);
        while ((await service.CallAsync("GET", "/api/v1/upstreams")).Json["upstreams"]!.AsArray().Single()!["waiting"]!.GetValue<int>() < 4)
            await Task.Delay(20);

        service.Process.Terminate();

        foreach (var call in ((Task<HttpResponseMessage>, int)[])[(held, 503), (proxied, 503), (preferred, 202)])
        {
            using var answer = await call.Item1;
            Assert.Equal((call.Item2, call.Item2 == 503), ((int)answer.StatusCode, answer.Headers.RetryAfter is not null));
        }
        Assert.Equal(503, (await wait).Status);
        var ended = await service.Process.EndAsync();
        Assert.Equal(0, ended.Code);
        Assert.InRange(ended.Elapsed.TotalSeconds, 0, 60);
        Assert.Equal(1, api.Report().Arrivals);
    }

    [Fact]
    public async Task A_second_one_in_the_same_directory_is_refused_with_8()
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);

        var second = await cli.RunAsync("serve", "--listen", "127.0.0.1:0");

        Assert.Equal(8, second.Code);
        Assert.Contains("another process has it", second.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--listen", "0.0.0.0:8015", 3, "listen on loopback only")]
    [InlineData("--listen", "8015", 3, "--listen: \"8015\" is not an address")]
    [InlineData("--listen", "nonsense.invalid", 3, "the name nonsense.invalid is not known here")]
    [InlineData("--queue", "kafka://x", 3, "--queue: \"kafka\" is no place for jobs")]
    [InlineData("--up-root", "nobody", 3, "--up-root: no API is called \"nobody\"")]
    [InlineData("--drain", "soon", 3, "--drain: \"soon\" is not a duration")]
    [InlineData("--up", "nonsense", 2, "NAME")]
    [InlineData("--up", "a=ftp://x", 3, "http")]
    public async Task What_is_wrong_with_the_command_line_is_told(string option, string value, int code, string words)
    {
        await using var cli = new Cli();

        var result = await cli.RunAsync("serve", option, value);

        Assert.Equal(code, result.Code);
        Assert.Contains(words, result.Error, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task FillAsync(string path)
    {
        await using var file = File.Create(path);
        try
        {
            while (true)
                await file.WriteAsync(new byte[4096]);
        }
        catch (IOException)
        {
            // That was all the room there is.
        }
    }
}

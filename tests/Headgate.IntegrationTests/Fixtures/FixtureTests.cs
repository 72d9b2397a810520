namespace Headgate.IntegrationTests.Fixtures;

/// <summary>What the other tests take for granted.</summary>
public sealed class FixtureTests
{
    [Fact]
    public async Task The_program_runs_in_its_own_folder_with_its_own_environment()
    {
        await using var cli = new Cli { Environment = { ["LIMIT"] = "7/s" } };
        cli.Write("headgate.json", """{"version":1,"defaults":{"limits":["${env:LIMIT}"]}}""");

        var result = await cli.RunAsync("config", "check");

        Assert.Equal(0, result.Code);
        Assert.Contains("7/s", result.Output, StringComparison.Ordinal);
        Assert.InRange(result.Elapsed, TimeSpan.FromMilliseconds(10), Cli.Patience);
    }

    [Fact]
    public async Task Signals_reach_the_program_and_its_exit_code_tells_of_a_kill()
    {
        await using var cli = new Cli();
        var simulator = await cli.SimulateAsync("--limit", "5/s");
        var other = await cli.SimulateAsync();

        simulator.Process.Interrupt();
        other.Process.Kill();

        var (ended, killed) = (await simulator.Process.EndAsync(), await other.Process.EndAsync());
        Assert.Contains("0 arrived", ended.Error, StringComparison.Ordinal);
        Assert.Equal(137, killed.Code);
    }

    [Fact]
    public async Task A_simulator_reports_what_arrived()
    {
        await using var cli = new Cli();
        var simulator = await cli.SimulateAsync();
        using var client = new HttpClient();
        await client.GetStringAsync(simulator.Url);

        Assert.Equal(1, (await simulator.ReportAsync()).GetProperty("arrivals").GetInt32());
    }

    [Fact]
    public async Task Nginx_refuses_what_exceeds_its_rate_and_logs_every_arrival()
    {
        await using var nginx = await Nginx.StartAsync("10r/s", burst: 1);
        using var client = new HttpClient();
        var before = DateTimeOffset.UtcNow;
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => client.GetAsync(new Uri(nginx.Url, $"/item/{n}"))));

        var log = nginx.ReadLog();
        Assert.Equal(20, log.Count);
        Assert.Equal(answers.Select(answer => (int)answer.StatusCode).Order(), log.Select(request => request.Status).Order());
        Assert.InRange(log.Count(request => request.Status == 200), 2, 5);
        Assert.Equal("1", answers.First(answer => (int)answer.StatusCode == 429).Headers.GetValues("Retry-After").Single());
        Assert.All(log, request => Assert.InRange(request.Arrived, before.ToUnixTimeMilliseconds() / 1000.0 - 0.01, before.ToUnixTimeMilliseconds() / 1000.0 + 30));
        Assert.Equal(Enumerable.Range(0, 20).Select(n => $"/item/{n}").Order(StringComparer.Ordinal), log.Select(request => request.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_small_disk_is_full_soon()
    {
        await using var disk = await Tmpfs.MountAsync("64k");

        var full = Assert.ThrowsAny<IOException>(() => File.WriteAllBytes(Path.Combine(disk.Folder, "much"), new byte[100_000]));
        Assert.Contains("No space left", full.Message, StringComparison.Ordinal);
    }
}

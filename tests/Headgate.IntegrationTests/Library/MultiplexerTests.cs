using Headgate.Backends;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Jobs;

namespace Headgate.IntegrationTests.Library;

/// <summary>Jobs against a server that enforces its limits.</summary>
[Collection(Measured.Alone)]
public sealed class MultiplexerTests
{
    [Fact]
    public async Task Ten_thousand_jobs_at_once_all_end_well_and_none_is_refused()
    {
        await using var cli = new Cli();
        var simulator = await cli.SimulateAsync("--limit", "4000/s", "--per", "all");
        await using var mux = new Multiplexer(o => (o.MaxConcurrency, o.Limits) = (200, ["4000/s"]));
        await mux.StartAsync();

        var verdicts = await mux.SubmitManyAsync(Enumerable.Range(0, 10_000).Select(number => new JobRequest(new Uri(simulator.Url, $"/items/{number}").ToString())));
        var jobs = await mux.WaitAsync(verdicts.Select(verdict => verdict.Id!), TimeSpan.FromMinutes(2));

        Assert.All(jobs, job => Assert.True(job.Ok, $"{job.Status}: {job.Error}"));
        Assert.Equal(10_000, mux.GetStatistics().Ok);
        var report = await simulator.ReportAsync();
        Assert.Equal(10_000, report.GetProperty("arrivals").GetInt32());
        Assert.Equal(0, report.GetProperty("refused").GetInt32());
    }

    [Fact]
    public async Task One_urgent_job_is_submitted_and_waited_for()
    {
        await using var cli = new Cli();
        var simulator = await cli.SimulateAsync();
        await using var mux = new Multiplexer(o => { o.MaxConcurrency = 100; o.TotalLimits = ["100/min"]; o.Queue = "memory:"; });
        var told = 0;
        mux.RequestCompleted += (_, _) => told++;
        await mux.StartAsync();

        var id = await mux.SubmitAsync(new JobRequest(new Uri(simulator.Url, "/get").ToString()) { Priority = RequestPriority.High });
        var job = Assert.Single(await mux.WaitAsync([id], TimeSpan.FromMinutes(1)));

        Assert.Equal((JobStatus.Completed, 200, 1), (job.Status, job.Result?.StatusCode, told));
    }

    [Fact]
    public async Task The_sample_of_an_urgent_job_runs()
    {
        await using var cli = new Cli();
        var simulator = await cli.SimulateAsync("--limit", "500/s");

        Assert.Equal((1000, "Completed 200"), await global::Library.UrgentJob.RunAsync(simulator.Url.ToString()));
    }

    [Fact]
    public async Task The_sample_of_jobs_in_a_file_runs_and_finds_its_jobs_done_the_next_time()
    {
        await using var cli = new Cli();
        var simulator = await cli.SimulateAsync("--limit", "500/s");

        Assert.Equal((200, 0), await global::Library.LastingJobs.RunAsync(simulator.Url.ToString(), cli.PathOf("jobs.db")));
        Assert.Equal((200, 0), await global::Library.LastingJobs.RunAsync(simulator.Url.ToString(), cli.PathOf("jobs.db")));

        Assert.Equal(200, (await simulator.ReportAsync()).GetProperty("arrivals").GetInt32());
    }

    [Fact]
    public async Task A_file_that_others_could_read_is_its_owners_alone_from_the_start()
    {
        if (OperatingSystem.IsWindows())
            return;
        await using var cli = new Cli();
        var path = cli.PathOf("jobs.db");
        await using (var first = new Multiplexer(o => o.UseSqlite(path)))
            await first.StartAsync();
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        await using var second = new Multiplexer(o => o.UseSqlite(path));
        await second.StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task A_file_that_another_one_has_is_refused_and_free_when_that_one_has_stopped()
    {
        await using var cli = new Cli();
        await using var first = new Multiplexer(o => o.UseSqlite(cli.PathOf("jobs.db")));
        await using var second = new Multiplexer(o => o.UseSqlite(cli.PathOf("jobs.db")));
        await first.StartAsync();

        Assert.Contains("another process has it", (await Assert.ThrowsAsync<IOException>(() => second.StartAsync())).Message, StringComparison.Ordinal);
        await first.StopAsync();
        await second.StartAsync();

        Assert.Null(await second.GetAsync("x"));
        foreach (var file in Directory.GetFiles(cli.Folder, "jobs.db*").Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task The_sample_of_custom_work_runs()
    {
        await using var cli = new Cli();
        var files = Enumerable.Range(1, 50).Select(number => cli.Write($"{number}.txt", new string('x', number))).Append(cli.PathOf("missing"));

        Assert.Equal(50 * 51 / 2, await global::Library.CustomWork.RunAsync(files));
    }
}

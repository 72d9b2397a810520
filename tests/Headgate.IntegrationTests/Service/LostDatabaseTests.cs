using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>A database of jobs that is gone while what was sent of them is still there.</summary>
public sealed class LostDatabaseTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Theory]
    [InlineData("emptied")]
    [InlineData("emptied after a death")]
    [InlineData("removed")]
    [InlineData("removed with all that belongs to it")]
    public async Task It_is_refused_with_advice_and_never_made_anew(string what)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using (var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}"))
        {
            await service.WaitAsync(await service.SubmitAsync([$$"""{"url":"{{api.Url}}/x"}"""]));
            await service.SubmitAsync([$$"""{"url":"{{api.Url}}/later","not_before":"1h"}"""]);
            if (what.EndsWith("death", StringComparison.Ordinal))
                service.Process.Kill();
            else
                service.Process.Terminate();
            await service.Process.EndAsync();
        }
        var isEmptied = what.StartsWith("emptied", StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(_cli.PathOf("data"), "headgate.db*").Where(file => what.EndsWith("it", StringComparison.Ordinal) || file.EndsWith(".db", StringComparison.Ordinal)).ToList())
            if (isEmptied)
                await File.WriteAllBytesAsync(file, []);
            else
                File.Delete(file);

        var refused = await _cli.RunAsync("serve", "--listen", "127.0.0.1:0");

        Assert.Equal(8, refused.Code);
        Assert.Contains("headgate.db: is missing or empty", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Put a backup in its place", refused.Error, StringComparison.Ordinal);
        Assert.Equal(isEmptied, File.Exists(_cli.PathOf("data/headgate.db")) && new FileInfo(_cli.PathOf("data/headgate.db")).Length == 0);
        Assert.Matches("fail +jobs", (await _cli.RunAsync("doctor", "--listen", "127.0.0.1:0")).Output);
        // Whoever means it begins anew.
        foreach (var log in Directory.EnumerateFiles(_cli.PathOf("data"), "headgate.db-*").ToList())
            File.Delete(log);
        Directory.Move(_cli.PathOf("data/ledgers"), _cli.PathOf("ledgers.old"));
        await using var anew = await ServiceProcess.StartAsync(_cli);
        Assert.Equal(200, (await anew.CallAsync("GET", "/readyz")).Status);
    }

    [Fact]
    public async Task One_whose_log_is_gone_with_all_that_was_in_it_is_none_that_is_new()
    {
        await using (var service = await ServiceProcess.StartAsync(_cli))
        {
            await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/later","not_before":"1h"}"""]);
            service.Process.Kill();
            await service.Process.EndAsync();
        }
        File.Delete(_cli.PathOf("data/headgate.db-wal"));
        var before = await File.ReadAllBytesAsync(_cli.PathOf("data/headgate.db"));

        var refused = await _cli.RunAsync("serve", "--listen", "127.0.0.1:0");

        Assert.Equal(8, refused.Code);
        Assert.Contains("headgate.db-wal is gone", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_cli.PathOf("data/headgate.db")));
    }

    [Fact]
    public async Task A_first_start_that_died_early_is_no_loss()
    {
        Directory.CreateDirectory(_cli.PathOf("data"));
        await File.WriteAllBytesAsync(_cli.PathOf("data/headgate.db"), []);
        Directory.CreateDirectory(_cli.PathOf("data/ledgers"));

        await using var service = await ServiceProcess.StartAsync(_cli);

        Assert.Equal(200, (await service.CallAsync("GET", "/readyz")).Status);
    }
}

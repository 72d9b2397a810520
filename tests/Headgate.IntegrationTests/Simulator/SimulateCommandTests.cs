using System.Runtime.InteropServices;
using Headgate.App.CommandLine;
using Headgate.App.Commands;

namespace Headgate.IntegrationTests.Simulator;

public sealed class SimulateCommandTests
{
    [Fact]
    public async Task Tells_its_url_first_serves_and_sums_up_when_it_is_ended()
    {
        using var signals = new Interruption(TimeProvider.System);
        var (output, error) = (new StringWriter(), new StringWriter());
        var running = RunAsync("simulate --limit 2/min --limit 90000/h --per all --seed 42", output, error, signals);
        await WireTests.UntilAsync(() => output.ToString().Contains('\n', StringComparison.Ordinal));
        var url = output.ToString().TrimEnd();
        using var http = new HttpClient();
        for (var i = 0; i < 3; i++)
            (await http.GetAsync(url)).Dispose();
        signals.Receive(PosixSignal.SIGTERM);
        Assert.Equal(0, await running);
        Assert.Matches("^http://127\\.0\\.0\\.1:[0-9]+$", url);
        Assert.Equal(url, output.ToString().TrimEnd());
        Assert.Contains("enforcing 2/min, 90000/h per all; seed 42", error.ToString(), StringComparison.Ordinal);
        Assert.Matches("3 arrived, 1 refused, .*worst window 150 % of its limit", error.ToString());
    }

    [Theory]
    [InlineData("simulate --limit 100/m", 3, "--limit: limit \"100/m\"")]
    [InlineData("simulate --errors 500=2", 2, "--errors \"500=2\"")]
    [InlineData("simulate --listen 0.0.0.0:80", 2, "--listen \"0.0.0.0:80\"")]
    [InlineData("simulate --listen 192.0.2.1:80", 2, "loopback only")]
    public async Task A_bad_value_is_named_and_nothing_starts(string line, int exitCode, string message)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.Equal(exitCode, await RunAsync(line, output, error, null));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", output.ToString());
    }

    [Fact]
    public async Task A_port_in_use_is_said_so()
    {
        await using var api = await App.Simulator.SimulatedApi.StartAsync(new());
        var address = api.Url["http://".Length..];
        var error = new StringWriter();
        Assert.Equal(3, await RunAsync($"simulate --listen {address}", new StringWriter(), error, null));
        Assert.Contains($"--listen \"{address}\"", error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<int> RunAsync(string line, TextWriter output, TextWriter error, Interruption? signals)
    {
        using var none = new Interruption(TimeProvider.System);
        return await new Shell([SimulateCommand.Create()], output, error, signals ?? none).RunAsync(line.Split(' '));
    }
}

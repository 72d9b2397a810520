using System.Net;
using Headgate.App.CommandLine;
using Headgate.App.Simulator;

namespace Headgate.Tests.Simulator;

public sealed class SimulatorArgumentsTests
{
    [Fact]
    public void Nothing_given_means_no_limits_on_a_free_port_of_loopback()
    {
        var options = new SimulatorArguments().Read(chosenSeed: 5);
        Assert.Equal((new IPEndPoint(IPAddress.Loopback, 0), 0, ScopeKind.Key, AnswerStyle.Plain, 5), (options.Listen, options.Limits.Count, options.Per, options.Style, options.Seed));
    }

    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8080")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("http://127.0.0.1:8080/", "127.0.0.1:8080")]
    [InlineData("[::1]:81", "[::1]:81")]
    public void It_listens_where_it_is_told(string text, string endpoint) =>
        Assert.Equal(endpoint, new SimulatorArguments { Listen = text }.Read(1).Listen.ToString());

    [Theory]
    [InlineData("0-30ms", 0, 30)]
    [InlineData("5-30ms", 5, 30)]
    [InlineData("5ms-0.2s", 5, 200)]
    [InlineData("10ms", 10, 10)]
    [InlineData("0.01-0.02", 10, 20)]
    public void An_uplink_is_a_time_or_two(string text, int from, int to) =>
        Assert.Equal(new UplinkDelay(TimeSpan.FromMilliseconds(from), TimeSpan.FromMilliseconds(to)), UplinkDelay.TryParse(text));

    [Fact]
    public void Latencies_of_an_even_shape_fill_all_between_its_two_times()
    {
        var (shape, random) = (LatencyShape.TryParse("uniform:10ms-50ms")!, new Random(1));
        var drawn = Enumerable.Range(0, 10_000).Select(_ => shape.Draw(random).TotalMilliseconds).ToList();

        Assert.All(drawn, time => Assert.InRange(time, 10, 50));
        Assert.All(Enumerable.Range(0, 8), part => Assert.InRange(drawn.Count(time => time >= 10 + 5 * part && time < 15 + 5 * part), 1100, 1400));
        Assert.Null(LatencyShape.TryParse("uniform:50ms-10ms"));
    }

    [Fact]
    public void Latencies_of_a_lognormal_shape_lie_around_their_median()
    {
        var shape = LatencyShape.TryParse("lognormal:50ms,2")!;
        var random = new Random(1);
        var draws = Enumerable.Range(0, 10_000).Select(_ => shape.Draw(random).TotalMilliseconds).Order().ToArray();
        Assert.InRange(draws[5000], 45, 55);
        // One standard deviation up is a factor of e² = 7.39.
        Assert.InRange(draws[8413], 50 * 6.5, 50 * 8.4);
        Assert.True(draws[^1] <= LatencyShape.Longest.TotalMilliseconds);
    }

    [Theory]
    [InlineData("--listen", "8080", "127.0.0.1:8080")]
    [InlineData("--listen", "127.0.0.1", "127.0.0.1:8080")]
    [InlineData("--listen", "0.0.0.0:80", "loopback only")]
    [InlineData("--listen", "example.com:80", "127.0.0.1:8080")]
    [InlineData("--per", "host", "key, ip, all")]
    [InlineData("--model", "segments", "segments=10")]
    [InlineData("--latency", "fast", "50ms")]
    [InlineData("--latency", "lognormal:50ms", "lognormal:50ms,2")]
    [InlineData("--latency", "1h", "50ms")]
    [InlineData("--uplink", "30-0ms", "0-30ms")]
    [InlineData("--uplink", "-", "0-30ms")]
    [InlineData("--errors", "500", "500=1%")]
    [InlineData("--errors", "500=1", "500=1%")]
    [InlineData("--errors", "200=1%", "from 400 to 599")]
    [InlineData("--errors", "500=60%,fin=50%", "more than 100 %")]
    [InlineData("--style", "plain", "github, openai, shopify, ietf, none")]
    [InlineData("--seed", "x", "42")]
    public void A_bad_value_names_its_option_itself_and_an_example(string option, string text, string advice)
    {
        var bad = Assert.Throws<CommandException>(() => Arguments(option, text).Read(1));
        Assert.Equal(ExitCode.Usage, bad.Code);
        Assert.Contains(option, bad.Message, StringComparison.Ordinal);
        Assert.Contains(text, bad.Message, StringComparison.Ordinal);
        Assert.Contains(advice, bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_limit_ends_with_code_3()
    {
        var bad = Assert.Throws<CommandException>(() => new SimulatorArguments { Limits = ["100/s", "100/m"] }.Read(1));
        Assert.Equal(ExitCode.Configuration, bad.Code);
        Assert.Contains("--limit", bad.Message, StringComparison.Ordinal);
        Assert.Contains("\"100/m\"", bad.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", RouteKind.Plain, 0)]
    [InlineData("/anything/else", RouteKind.Plain, 0)]
    [InlineData("/redirect/3", RouteKind.Redirect, 3)]
    [InlineData("/redirect-loop", RouteKind.RedirectLoop, 0)]
    [InlineData("/status/503", RouteKind.Status, 503)]
    [InlineData("/status/99", RouteKind.Bad, 0)]
    [InlineData("/delay/20", RouteKind.Delay, 20)]
    [InlineData("/delay/", RouteKind.Bad, 0)]
    [InlineData("/bytes/1000", RouteKind.Bytes, 1000)]
    [InlineData("/fin", RouteKind.Fin, 0)]
    [InlineData("/fin/x", RouteKind.Plain, 0)]
    internal void A_path_asks_for_a_behaviour(string path, RouteKind kind, int number) => Assert.Equal(new(kind, number), Route.Of(path));

    private static SimulatorArguments Arguments(string option, string text) => option switch
    {
        "--listen" => new() { Listen = text },
        "--per" => new() { Per = text },
        "--model" => new() { Model = text },
        "--latency" => new() { Latency = text },
        "--uplink" => new() { Uplink = text },
        "--errors" => new() { Errors = text },
        "--style" => new() { Style = text },
        _ => new() { Seed = text },
    };
}

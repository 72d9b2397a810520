using System.Text.Json.Nodes;
using Headgate.App.Distribution;

namespace Headgate.Tests.Distribution;

public sealed class StressReportTests
{
    private static readonly StressReport Report = new(new StressHealth("test", 50, 3, 1000), 2000, TimeSpan.FromSeconds(60),
    [
        new StressCaller(1, TimeSpan.FromSeconds(10), 2000, 1999, null),
        new StressCaller(2, TimeSpan.FromSeconds(30), 2000, 2000, null),
        new StressCaller(3, TimeSpan.FromSeconds(60), 0, 0, "timeout of 60000ms exceeded"),
    ]);

    [Fact]
    public void It_tells_what_the_original_told_and_what_could_not_be_faster()
    {
        using var text = new StringWriter { NewLine = "\n" };
        Report.Write(text, details: true);

        Assert.Equal("""
            successful callers   2 of 3
            failed callers       1 of 3
            total time           60.00 s
            last call not before 60.00 s (3 keys of 1,000 a minute)
            per caller           average 20.00 s, fastest 10.00 s, slowest 30.00 s
            calls                4,000, 3,999 of them good
            throughput           66.7 calls per second
            1 failed: timeout of 60000ms exceeded
            caller 1: 10.00 s, 2000 calls, 1999 good
            caller 2: 30.00 s, 2000 calls, 2000 good
            caller 3: timeout of 60000ms exceeded

            """.ReplaceLineEndings("\n"), text.ToString());
    }

    [Fact]
    public void It_tells_programs_the_same()
    {
        var json = JsonNode.Parse(Report.ToJson(details: true))!;

        Assert.Equal((3, 2, 1, 60.0, 20.0, 10.0, 30.0), ((int)json["callers"]!, (int)json["successful"]!, (int)json["failed"]!, (double)json["bound"]!, (double)json["average"]!, (double)json["fastest"]!, (double)json["slowest"]!));
        Assert.Equal((4000, 3999, 66.667, 3), ((int)json["calls"]!, (int)json["good_calls"]!, (double)json["calls_per_second"]!, json["each"]!.AsArray().Count));
    }

    [Theory]
    [InlineData(1, 3000, 0)]
    [InlineData(1, 3001, 60)]
    [InlineData(100, 2000, 66 * 60)]
    public void Nothing_is_sooner_than_its_keys_allow(int callers, int calls, double seconds) =>
        Assert.Equal(seconds, (Report with { CallsEach = calls, Callers = [.. Enumerable.Repeat(Report.Callers[0], callers)] }).Bound.TotalSeconds);
}

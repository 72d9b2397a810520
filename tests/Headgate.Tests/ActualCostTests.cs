using System.Text;
using Headgate.Configuration;
using Headgate.Gates;

namespace Headgate.Tests;

public sealed class ActualCostTests
{
    private static readonly Cost Declared = Cost.Of(1, new Dictionary<string, long> { ["tokens"] = 1200, ["points"] = 5 });

    [Theory]
    [InlineData("""{"usage":{"total_tokens":37}}""", 37)]
    [InlineData("""{"usage":{"total_tokens":36.2}}""", 37)]
    [InlineData("""{"usage":{"total_tokens":0}}""", 0)]
    public void A_unit_costs_what_the_answer_says(string body, long tokens)
    {
        var actual = Read(body, "/usage/total_tokens");
        Assert.Equal(tokens, actual!.In("tokens"));
        Assert.Equal(5, actual.In("points"));
        Assert.Equal(1, actual.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("""{"usage":{}}""")]
    [InlineData("""{"usage":{"total_tokens":"37"}}""")]
    [InlineData("""{"usage":{"total_tokens":-1}}""")]
    [InlineData("""{"usage":{"total_tokens":1e99}}""")]
    [InlineData("[1,2]")]
    public void What_was_declared_stands_where_the_answer_says_nothing(string body) => Assert.Null(Read(body, "/usage/total_tokens"));

    [Fact]
    public void Pointers_go_through_arrays_and_escaped_names() =>
        Assert.Equal(7, Read("""{"a/b":[{"~":7}]}""", "/a~1b/0/~0")!.In("tokens"));

    private static Cost? Read(string body, string pointer) =>
        ActualCost.Read(Encoding.UTF8.GetBytes(body), Declared, [new CostConfiguration("tokens", 1200, pointer)]);
}

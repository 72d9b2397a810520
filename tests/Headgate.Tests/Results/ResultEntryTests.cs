using System.Text;
using System.Text.Json;
using Headgate.App.Results;

namespace Headgate.Tests.Results;

public sealed class ResultEntryTests
{
    [Theory]
    [InlineData("\"line\":{\"id\":\"other\",\"status\":\"failed\",\"ok\":false}", true)]
    [InlineData("\"line\":[1,2]", true)]
    [InlineData("\"status\":{\"ok\":true}", false)]
    [InlineData("\"ok\":{\"status\":\"completed\",\"ok\":true}", false)]
    public void What_stands_inside_a_member_of_another_kind_is_not_taken_for_the_results_own(string member, bool isResult)
    {
        var json = "{\"id\":\"a\",\"status\":\"completed\",\"ok\":true," + member + "}";
        ResultEntry Read(out string key) => ResultEntry.Read(Encoding.UTF8.GetBytes(json), 0, out key);
        if (isResult)
            Assert.Equal((true, "a"), (Read(out var key).Ok, key));
        else
            Assert.Throws<JsonException>(() => Read(out _));
    }
}

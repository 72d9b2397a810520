using System.Text.Json;
using Headgate.App.Logging;
using Microsoft.Extensions.Logging;

namespace Headgate.Tests.Logging;

public sealed class LogLineTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 2, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void In_JSON_an_event_is_one_object_with_its_values()
    {
        var line = new LogLine
        {
            Time = Noon,
            Level = LogLevel.Warning,
            Category = "Headgate",
            Event = new EventId(4, "RequestHeld"),
            Message = "a asked for a pause of 1.5 s",
            Values = [new("Upstream", "a"), new("RetryAfter", 1.5), new("Count", 3), new("IsLast", true), new("Nothing", null), new("Level", "mine"), new("Step", LineStep.KeyDied), new("{OriginalFormat}", "…")],
        };

        Assert.Equal("""{"time":"2030-01-02T12:00:00.123000Z","level":"warning","category":"Headgate","event":"RequestHeld","event_id":4,"message":"a asked for a pause of 1.5 s","upstream":"a","retry_after":1.5,"count":3,"is_last":true,"nothing":null,"level_":"mine","step":"key_died"}""", line.ToJson());
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("quote \" and \\ and </script>")]
    [InlineData("half \ud800 a pair")]
    [InlineData("\u001b[2J\u0000\u0085")]
    public void Whatever_is_in_it_a_line_of_JSON_is_one_line_that_can_be_read(string hostile)
    {
        var json = new LogLine { Time = Noon, Level = LogLevel.Error, Category = hostile, Event = new EventId(1, hostile), Message = hostile, Values = [new(hostile, hostile), new("n", double.NaN)], Exception = new InvalidOperationException(hostile) }.ToJson();

        Assert.DoesNotContain('\n', json);
        Assert.Equal("error", JsonDocument.Parse(json).RootElement.GetProperty("level").GetString());
    }

    [Fact]
    public void In_text_no_message_moves_the_cursor_or_looks_like_the_next_line()
    {
        var line = new LogLine { Time = Noon, Level = LogLevel.Information, Category = "", Event = default, Message = "a\n2030-01-02T12:00:00.000Z info  forged \u001b[2J\u009b" };

        Assert.Equal("2030-01-02T12:00:00.123Z info  a\\u000a2030-01-02T12:00:00.000Z info  forged \\u001b[2J\\u009b", line.ToText());
    }

    [Fact]
    public void In_text_an_exception_stands_below_each_line_of_it_indented()
    {
        var line = new LogLine { Time = Noon, Level = LogLevel.Critical, Category = "", Event = default, Message = "failed", Exception = new InvalidOperationException("why\n2030 forged") };

        Assert.Equal("2030-01-02T12:00:00.123Z fatal failed\n    System.InvalidOperationException: why\n    2030 forged", line.ToText());
        Assert.Equal("<2>failed\n<2>    System.InvalidOperationException: why\n<2>    2030 forged", line.ToJournal());
    }
}

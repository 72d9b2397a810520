using System.Text.Json;
using Headgate.App.Logging;
using Headgate.Configuration;
using Headgate.Telemetry;
using Headgate.Time;
using Microsoft.Extensions.Logging;

namespace Headgate.Tests.Logging;

public sealed class ServiceLogTests
{
    [Theory]
    [InlineData("auto", true, "1970-01-01T00:00:00.000Z info  listening on here")]
    [InlineData("text", false, "1970-01-01T00:00:00.000Z info  listening on here")]
    [InlineData("json", true, "{")]
    [InlineData("auto", false, "{")]
    public void A_terminal_gets_text_and_a_file_JSON_unless_the_one_or_the_other_was_asked_for(string format, bool isTerminal, string begins)
    {
        var text = Written(new LogConfiguration { Format = Enum.Parse<LogFormat>(format, ignoreCase: true) }, log => log.CreateLogger("Headgate.Service").Started("here"), isTerminal);

        Assert.StartsWith(begins, text.Replace(VirtualTimeStart(text), "1970-01-01T00:00:00.000Z", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Headgate", LogLevel.Debug, LogLevel.Debug, true)]
    [InlineData("Headgate", LogLevel.Debug, LogLevel.Trace, false)]
    [InlineData("Headgate.Service", LogLevel.Error, LogLevel.Warning, false)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Trace, LogLevel.Information, false)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Trace, LogLevel.Warning, true)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error, LogLevel.Warning, false)]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Trace, LogLevel.Critical, false)]
    [InlineData("Headgate", LogLevel.None, LogLevel.Critical, false)]
    public void What_is_below_the_level_is_not_logged_and_of_the_server_nothing_that_could_hold_a_query(string category, LogLevel least, LogLevel level, bool isLogged)
    {
        var text = Written(new LogConfiguration { Level = least }, log => log.CreateLogger(category).Log(level, "x"));

        Assert.Equal(isLogged, text.Length > 0);
    }

    [Fact]
    public void Steps_are_lines_where_that_was_asked_for_whatever_the_level()
    {
        var text = Written(new LogConfiguration { Level = LogLevel.Error, Steps = true }, log => log.CreateLogger(LogMessages.Steps).RequestStep(7, "id", LineStep.Permitted, 1234, "GET", "api", 0, "key-1", 0, null));

        var line = JsonDocument.Parse(text).RootElement;
        Assert.Equal(("permitted", 1234, "api", "key-1"), (line.GetProperty("step").GetString(), line.GetProperty("microseconds").GetInt64(), line.GetProperty("upstream").GetString(), line.GetProperty("key").GetString()));
    }

    [Fact]
    public void Nobody_waits_for_a_reader_who_does_not_read_and_how_much_was_dropped_is_told()
    {
        using var stuck = new StuckWriter();
        var log = ServiceLog.Begin(new LogConfiguration { Format = LogFormat.Text }, stuck, isTerminal: false, new VirtualTime());
        var logger = log.CreateLogger("Headgate");
        for (var count = 0; count < 30_000; count++)
            logger.Noticed("x");

        stuck.Release();
        log.Dispose();

        var lines = stuck.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(lines.Length, 10_000, 20_000);
        Assert.Contains(lines, line => line.Contains("lines were dropped", StringComparison.Ordinal));
    }

    private static string Written(LogConfiguration options, Action<ILoggerFactory> write, bool isTerminal = false)
    {
        using var text = new StringWriter { NewLine = "\n" };
        using (var log = ServiceLog.Begin(options, text, isTerminal, new VirtualTime()))
            write(log);
        return text.ToString();
    }

    private static string VirtualTimeStart(string text) => text.Split(' ')[0] is { Length: > 0 } first && first[0] != '{' ? first : "never";

    /// <summary>A pipe that is full, until it is released.</summary>
    private sealed class StuckWriter : StringWriter
    {
        private readonly TaskCompletionSource _read = new();

        public void Release() => _read.SetResult();

        public override async Task WriteLineAsync(string? value)
        {
            await _read.Task;
            await base.WriteLineAsync(value);
        }
    }
}

using Headgate.App.Input;
using Headgate.App.Runs;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Runs;

public sealed class SentLinesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(200, null, true, true)]
    [InlineData(404, "client", true, true)]
    [InlineData(200, "network", false, true)]
    [InlineData(200, "timeout", false, true)]
    [InlineData(404, "network", false, true)]
    [InlineData(302, null, false, true)]
    [InlineData(408, "client", false, true)]
    [InlineData(500, "server", false, true)]
    [InlineData(0, "network", false, true)]
    [InlineData(429, "rate_limit", false, false)]
    public void Whose_last_answer_would_have_been_asked_for_again_counts_as_sent_only_where_its_method_forbids_that(int status, string? failure, bool get, bool post)
    {
        var lines = After(new LedgerEnd { Number = 1, EndUs = 2000, LateUs = 2000, Status = status, Class = failure });

        Assert.Equal((get, post), (lines.MayHaveArrived(Line("GET")), lines.MayHaveArrived(Line("POST"))));
        Assert.False(lines.IsOpen(Line("GET")));
    }

    [Fact]
    public void Of_one_without_an_end_nobody_knows()
    {
        var lines = After(null);

        Assert.True(lines.MayHaveArrived(Line("GET")) && lines.IsOpen(Line("GET")));
    }

    private SentLines After(LedgerEnd? end)
    {
        var path = _folder["out.ledger"];
        using (var writer = LedgerWriter.Create(path, LedgerTests.Header, new VirtualTime()))
        {
            writer.WriteIntent(LedgerTests.Intent(1, line: 1));
            if (end is { } known)
                writer.WriteEnd(known);
        }
        return SentLines.Read(path, null);
    }

    private static InputLine Line(string method) => new() { Number = 1, Offset = 0, Hash = 0, Request = new JobRequest("https://a.test/") { Method = method } };
}

using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

/// <summary>What was sent, and what was accepted only after it under the same name.</summary>
public sealed class LedgerSendsTests : IDisposable
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();
    private readonly LatestClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_accepted_after_a_send_was_not_sent_by_it()
    {
        var sends = Read("a", new Sent("nightly", At(10), 10));

        Assert.True(IsSent(sends, At(9)));
        Assert.True(IsSent(sends, At(10)));
        Assert.False(IsSent(sends, At(11)));
        Assert.True(sends.MayHaveArrived("nightly", 0, isRepeatable: false));
    }

    [Fact]
    public void The_last_send_of_a_name_counts() =>
        Assert.True(IsSent(Read("a", new Sent("nightly", At(10), 10), new Sent("nightly", At(20), 20)), At(15)));

    [Fact]
    public void Where_the_clock_was_set_back_after_it_was_accepted_it_counts_all_the_same()
    {
        // Accepted 40 s after the begin; 10 s later it is sent, and the clock was set back by a minute in between.
        Assert.True(IsSent(Read("a", new Sent("nightly", At(-10), 50)), At(40)));
        Assert.False(IsSent(Read("a2", new Sent("nightly", At(-10), 50)), At(51)));
    }

    [Fact]
    public void Ledgers_before_tell_how_the_clock_stood_of_this_boot_and_of_others()
    {
        Read("a", new Sent("other", At(30), 30));

        Assert.True(IsSent(Read("b", Header(At(-20), 40), new Sent("nightly", At(-10), 50)), At(50)));
        Assert.True(IsSent(Read("c", Header(At(-20), 1) with { Boot = "boot-2" }, new Sent("nightly", At(-10), 11)), At(29)));
    }

    private static bool IsSent(LedgerSends sends, DateTimeOffset since) => sends.MayHaveArrived("nightly", 0, isRepeatable: false, since);

    private static DateTimeOffset At(int seconds) => Begin.AddSeconds(seconds);

    private static long Us(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static LedgerHeader Header(DateTimeOffset wall, long mono) => LedgerTests.Header with { Boot = "boot-1", WallUs = Us(wall), MonoUs = mono * 1_000_000 };

    private LedgerSends Read(string name, params Sent[] sent) => Read(name, Header(At(0), 0), sent);

    private LedgerSends Read(string name, LedgerHeader header, params Sent[] sent)
    {
        var path = _folder[$"{name}.ledger"];
        using (var writer = LedgerWriter.Create(path, header, new VirtualTime()))
            foreach (var one in sent)
            {
                var number = writer.NextNumber();
                writer.WriteIntent(new LedgerIntent { WallUs = Us(one.Wall), SentUs = one.Mono * 1_000_000, Number = number, Id = one.Id, Upstream = "api" });
                writer.WriteEnd(new LedgerEnd { Number = number, EndUs = one.Mono * 1_000_000, LateUs = one.Mono * 1_000_000, Status = 200 });
            }
        return LedgerSends.Read(path, clock: _clock);
    }

    private readonly record struct Sent(string Id, DateTimeOffset Wall, long Mono);
}

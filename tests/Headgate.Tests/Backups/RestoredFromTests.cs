using Headgate.App.Backups;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Backups;

/// <summary>Of what another service sent after its backup nothing is known, so that every limit is full as of then.</summary>
public sealed class RestoredFromTests
{
    private static readonly long Second = Clock.Second;

    [Fact]
    public void A_window_opens_when_its_period_has_passed_since_the_other_service_may_have_sent()
    {
        var time = new VirtualTime();
        var clock = new Clock(time);
        time.Advance(TimeSpan.FromHours(1));
        var restored = Restored(clock, "boot", after: TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(20));

        var scope = new Scope("api", [Limit.Parse("10/min")], ArrivalTerms.Nominal, WallTime.Unknown());
        ScopeMemory.Restore(scope, restored.PastOf(clock, "boot", TimeSpan.FromSeconds(2)), clock.Now);

        var free = scope.Checkpoints[0].State.FreeAt(10, clock.Now) - clock.Now;
        Assert.InRange(free, 41 * Second, 43 * Second);
    }

    [Fact]
    public void Who_knows_when_it_stopped_waits_less()
    {
        var time = new VirtualTime();
        var clock = new Clock(time);
        time.Advance(TimeSpan.FromHours(1));

        var past = Restored(clock, "boot", after: TimeSpan.FromMinutes(-10)).PastOf(clock, "boot", TimeSpan.Zero);

        Assert.Equal(clock.Now - (600 * Second), past.FullAtNs);
    }

    [Fact]
    public void After_another_boot_it_is_never_before_that_boot()
    {
        var before = new Clock(new VirtualTime());
        var restored = Restored(before, "boot", after: TimeSpan.Zero);
        var now = new Clock(new VirtualTime());

        Assert.InRange(restored.PastOf(now, "other", TimeSpan.Zero).FullAtNs!.Value, 0, now.Now);
    }

    [Fact]
    public void It_is_read_as_it_was_written_and_what_cannot_be_read_is_told()
    {
        using var folder = new TempFolder();
        Assert.Null(RestoredFrom.Find(folder.Path));
        var written = Restored(new Clock(new VirtualTime()), "boot", TimeSpan.Zero);
        written.Write(folder.Path);
        Assert.Equal(written, RestoredFrom.Find(folder.Path));

        File.WriteAllText(folder["restored.json"], "{");
        Assert.Contains("Restore the backup anew", Assert.Throws<LedgerException>(() => RestoredFrom.Find(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static RestoredFrom Restored(Clock clock, string boot, TimeSpan after) => new()
    {
        TakenAt = clock.Provider.GetUtcNow(),
        UntilUs = (clock.UnixNow / Clock.Microsecond) + (after.Ticks / TimeSpan.TicksPerMicrosecond),
        Boot = boot,
        WallUs = clock.UnixNow / Clock.Microsecond,
        MonoUs = clock.Now / Clock.Microsecond,
    };
}

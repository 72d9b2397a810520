using Headgate.App.Runs;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Runs;

public sealed class EarlierSendsTests : IDisposable
{
    private static readonly TimeSpan Straggle = TimeSpan.FromSeconds(2);

    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();
    private readonly Clock _clock;

    public EarlierSendsTests()
    {
        Assert.SkipWhen(MachineBoot.Id() == MachineBoot.Unknown, "needs a system that tells which boot it is in");
        _clock = new Clock(_time);
        _time.Advance(TimeSpan.FromHours(1));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_send_counts_for_everything_its_api_its_key_and_each_of_its_parts()
    {
        var sends = Read(Header(), writer =>
        {
            writer.WriteIntent(Intent(1) with { Key = "gold", Parts = "route:search geo:DE" });
            writer.WriteIntent(Intent(2) with { Key = "gold" });
            writer.WriteIntent(Intent(3) with { Parts = "geo:DE" });
            writer.WriteIntent(Intent(4) with { Upstream = "other" });
            for (var number = 1; number <= 4; number++)
                writer.WriteEnd(End(number));
        });

        Assert.Equal([4, 3, 2, 1, 2, 1, 0], Counts(sends, "total", "api", "api/key:gold", "api/route:search", "api/geo:DE", "other", "other/key:gold"));
        Assert.All(Of(sends, "api/key:gold").Sends, send => Assert.InRange(send.LateNs, At(2), At(2) + Clock.Microsecond));
    }

    [Theory]
    [InlineData(true, 2, 2, 0, 1, 0)]
    [InlineData(false, 2, 2, 2, 2, 2)]
    public void What_had_a_limit_then_is_known_to_its_own_file_if_there_are_any_and_nothing_else_is(bool hasFiles, params int[] counts)
    {
        var sends = Read(Header("api/key", "api/geo:DE"), hasFiles: hasFiles, write: writer =>
        {
            writer.WriteIntent(Intent(1) with { Key = "gold", Parts = "route:search geo:DE" });
            writer.WriteLimits(new LedgerLimits(new Dictionary<string, IReadOnlyList<string>> { ["api/route:search"] = ["5/s"] }, 0));
            writer.WriteIntent(Intent(2) with { Key = "gold", Parts = "route:search geo:DE" });
        });

        Assert.Equal(counts, Counts(sends, "total", "api", "api/key:gold", "api/route:search", "api/geo:DE"));
    }

    [Fact]
    public void What_a_killed_run_left_open_had_arrived_before_straggle_was_over_after_the_next_began()
    {
        var sends = Read(Header(), writer =>
        {
            writer.WriteIntent(Intent(1) with { Key = "gold" });
            writer.WriteHeader(Header() with { IsResume = true, MonoUs = At(10) / Clock.Microsecond });
            writer.WriteIntent(Intent(2) with { Key = "gold" });
        });

        var past = Of(sends, "api/key:gold").Sends;
        Assert.Equal([(false, At(12)), (true, _clock.Now + 2 * Clock.Second)], past.Select(send => (send.IsUnanswered, send.LateNs / Clock.Millisecond * Clock.Millisecond)));
    }

    [Fact]
    public void What_was_sent_in_another_boot_was_sent_before_this_one_began_and_what_is_open_may_arrive_yet()
    {
        var sends = Read(Header() with { Boot = "another" }, writer =>
        {
            writer.WriteIntent(Intent(1) with { Key = "gold", Parts = "route:search" });
            writer.WriteEnd(End(1));
            writer.WriteIntent(Intent(2) with { Key = "gold", Parts = "route:search" });
        });

        foreach (var scope in (string[])["total", "api", "api/key:gold", "api/route:search"])
        {
            var past = Of(sends, scope);
            Assert.Equal([(false, 0L), (true, _clock.Now + 2 * Clock.Second)], past.Sends.Select(send => (send.IsUnanswered, send.LateNs)));
            Assert.True(past.IsOfOtherBoot);
        }
    }

    [Fact]
    public void Without_a_limit_that_looks_back_nothing_is_read()
    {
        var sends = Read(Header(), writer => writer.WriteIntent(Intent(1)), limits: []);

        Assert.Empty(Of(sends, "api").Sends);
    }

    /// <summary>A second of the earlier run, on the monotonic clock.</summary>
    private static long At(long second) => (3000 + second) * Clock.Second;

    private static LedgerIntent Intent(long number) => new() { WallUs = 1, SentUs = At(1) / Clock.Microsecond, Number = number, Upstream = "api" };

    private static LedgerEnd End(long number) => LedgerTests.End(number, At(2) / Clock.Microsecond);

    /// <summary>Of a run that began long before the present boot, as the wall clock has it.</summary>
    private static LedgerHeader Header(params string[] limited) => LedgerTests.Header with
    {
        Boot = MachineBoot.Id(),
        MonoUs = At(0) / Clock.Microsecond,
        Straggle = Straggle,
        Limits = limited.ToDictionary(scope => scope, IReadOnlyList<string> (_) => ["5/s"]),
    };

    private EarlierSends Read(LedgerHeader header, Action<LedgerWriter> write, Limit[]? limits = null, bool hasFiles = true)
    {
        using (var writer = LedgerWriter.Create(_folder["out.ledger"], header, _time))
            write(writer);
        return EarlierSends.Read(_folder["out.ledger"], limits ?? [Limit.Parse("100/h")], hasFiles);
    }

    private ScopePast Of(EarlierSends sends, string scope) => sends.Of(scope, _clock, Straggle);

    private IEnumerable<int> Counts(EarlierSends sends, params string[] scopes) => scopes.Select(scope => Of(sends, scope).Sends.Count);
}

using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

public sealed class ScopeFileTests : IDisposable
{
    private const long Second = Clock.Second;
    private const string Scope = "https://api.example.com key 0123456789abcdef";
    private static readonly TimeSpan Straggle = TimeSpan.FromSeconds(2);
    private readonly TempFolder _folder = new();
    private readonly StateDirectory _state;
    private VirtualTime _time = new();
    private string _boot = "boot-1";

    public ScopeFileTests()
    {
        _state = StateDirectory.Open(_folder.Path);
        _time.Advance(TimeSpan.FromHours(1));
    }

    private long Now => _time.GetTimestamp();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_scope_never_seen_starts_fresh()
    {
        using var scope = Open();
        Assert.Empty(scope.Past.Sends);
        Assert.Null(scope.Past.FullAtNs);
        Assert.Null(scope.Past.KnownSinceNs);
    }

    [Fact]
    public void The_next_process_of_the_same_boot_sees_the_sends_at_their_own_times()
    {
        var start = Now;
        using (var scope = Open())
        {
            scope.Sent(1, Now, null);
            scope.Sent(2, Now + 1000, [new("tokens", 100)]);
            scope.Late(1, Now + 5_000_500, null);
            scope.Late(2, Now + 3_000_000, [new("tokens", 40)]);
        }
        _time.Advance(TimeSpan.FromSeconds(1));
        using var next = Open();
        // Cut off to whole microseconds and rounded up again: never earlier than it was.
        Assert.Equal([(start + 1000, start + 3_001_000), (start, start + 5_001_000)], next.Past.Sends.Select(s => (s.SentNs, s.LateNs)));
        Assert.Equal([new("tokens", 40)], next.Past.Sends[0].Costs!);
        Assert.Null(next.Past.Sends[1].Costs);
        Assert.False(next.Past.IsOfOtherBoot);
    }

    [Fact]
    public void What_had_no_answer_counts_as_arriving_at_the_restart_plus_straggle_and_no_later_at_the_next_restart()
    {
        Crash(scope => scope.Sent(1, Now, null));
        _time.Advance(TimeSpan.FromSeconds(10));
        var restart = Now;
        Crash(scope => Assert.Equal((restart + 2 * Second, true), (scope.Past.Sends[0].LateNs, scope.Past.Sends[0].IsUnanswered)));
        _time.Advance(TimeSpan.FromSeconds(1));
        using var next = Open();
        Assert.InRange(next.Past.Sends.Single().LateNs, restart + 2 * Second, restart + 2 * Second + 1000);
    }

    [Fact]
    public void After_a_reboot_all_sends_count_as_made_at_boot_unless_the_wall_clock_is_confirmed()
    {
        using (var scope = Open())
        {
            scope.Sent(1, Now, null);
            scope.Late(1, Now, null);
        }
        // Twenty minutes later by the wall clock, five of them since the boot.
        Reboot(downFor: TimeSpan.FromMinutes(15));
        _time.Advance(TimeSpan.FromMinutes(5));
        using var next = Open();
        var send = next.Past.Sends.Single();
        Assert.True(next.Past.IsOfOtherBoot);
        Assert.Equal((0, 0), (send.SentNs, send.LateNs));
        Assert.Equal(-900 * Second, send.WallSentNs);
        Assert.Equal(-900 * Second + 1000, send.WallLateNs);
    }

    [Fact]
    public void After_a_reboot_what_had_no_answer_still_waits_for_straggle()
    {
        Crash(scope => scope.Sent(1, Now, null));
        Reboot(downFor: TimeSpan.FromMinutes(15));
        _time.Advance(TimeSpan.FromMinutes(5));
        using (var next = Open())
            Assert.Equal(Now + 2 * Second, next.Past.Sends.Single().LateNs);
        Reboot(downFor: TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromSeconds(30));
        using var last = Open();
        Assert.Equal(0, last.Past.Sends.Single().LateNs);
    }

    [Fact]
    public void A_wall_clock_that_puts_the_past_after_our_boot_is_believed_to_the_safe_side()
    {
        using (var scope = Open())
        {
            scope.Sent(1, Now, null);
            scope.Late(1, Now, null);
        }
        // The clock was set back: by it the send is still to come.
        Reboot(downFor: TimeSpan.FromHours(-3));
        _time.Advance(TimeSpan.FromMinutes(5));
        using var next = Open();
        Assert.Equal((Now, Now), (next.Past.Sends.Single().LateNs, next.Past.Sends.Single().WallLateNs));
    }

    [Fact]
    public void Two_reboots_later_the_wall_clock_of_the_first_is_still_known()
    {
        using (var scope = Open())
        {
            scope.Sent(1, Now, [new("tokens", 5)]);
            scope.Late(1, Now, null);
        }
        Reboot(downFor: TimeSpan.FromHours(1));
        Open().Dispose();
        Reboot(downFor: TimeSpan.FromHours(1));
        using var scope2 = Open();
        Assert.Equal(-7200 * Second, scope2.Past.Sends.Single().WallSentNs);
        Assert.Equal([new("tokens", 5)], scope2.Past.Sends.Single().Costs!);
    }

    [Fact]
    public void Where_no_boot_is_known_the_wall_clock_is_believed()
    {
        _boot = MachineBoot.Unknown;
        var sent = Now;
        using (var scope = Open())
        {
            scope.Sent(1, Now, null);
            scope.Late(1, Now, null);
        }
        _time.Advance(TimeSpan.FromMinutes(5));
        using var next = Open();
        Assert.Equal(sent, next.Past.Sends.Single().SentNs);
    }

    [Fact]
    public void A_last_record_torn_at_any_byte_was_never_sent()
    {
        Crash(scope =>
        {
            scope.Sent(1, Now, null);
            scope.Sent(2, Now, [new("tokens", 7)]);
        });
        var file = Directory.GetFiles(_state.Scopes, "*.jsonl").Single();
        var whole = File.ReadAllBytes(file);
        var before = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        for (var length = before; length < whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            using var scope = Open();
            Assert.Single(scope.Past.Sends);
            Assert.Null(scope.Past.FullAtNs);
        }
    }

    [Fact]
    public void After_a_reboot_a_torn_tail_counts_as_a_full_window()
    {
        Crash(scope => scope.Sent(1, Now, null));
        var file = Directory.GetFiles(_state.Scopes, "*.jsonl").Single();
        File.AppendAllText(file, "{\"m\":1");
        Reboot(downFor: TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));
        using var scope = Open();
        Assert.Equal(Now, scope.Past.FullAtNs);
    }

    [Theory]
    [InlineData("\0\0\0\0\n")]
    [InlineData("nonsense\n{\"m\":1,\"n\":9}\n")]
    public void Damage_counts_as_a_full_window_from_its_discovery_on(string damage)
    {
        Crash(scope => scope.Sent(1, Now, null));
        File.AppendAllText(Directory.GetFiles(_state.Scopes, "*.jsonl").Single(), damage);
        var found = Now;
        Crash(scope => Assert.Equal(found, scope.Past.FullAtNs));
        _time.Advance(TimeSpan.FromSeconds(5));
        using var later = Open();
        Assert.Equal(found, later.Past.FullAtNs);
    }

    [Fact]
    public void A_file_without_its_header_counts_as_a_full_window()
    {
        Open().Dispose();
        File.WriteAllText(Directory.GetFiles(_state.Scopes, "*.jsonl").Single(), "");
        using var scope = Open();
        Assert.Equal(Now, scope.Past.FullAtNs);
    }

    [Fact]
    public void A_second_process_is_refused_with_the_scope_the_file_and_the_process()
    {
        using var scope = Open();
        var refused = Assert.Throws<ScopeHeldException>(() => Open());
        Assert.Equal(Environment.ProcessId, refused.HeldBy);
        Assert.NotNull(refused.ProcessName);
        Assert.Equal(scope.Path, refused.Path);
        Assert.Contains($"process {Environment.ProcessId} ({refused.ProcessName}) sends within \"{Scope}\"", refused.Message, StringComparison.Ordinal);
        Assert.Contains("share one handler", refused.Message, StringComparison.Ordinal);
        scope.Dispose();
        Open().Dispose();
    }

    [Fact]
    public void Scopes_that_look_alike_are_not_the_same()
    {
        using var one = Open(scope: "a b");
        using var other = Open(scope: "a-b");
        Assert.NotEqual(one.Path, other.Path);
        Assert.StartsWith("a-b-", System.IO.Path.GetFileName(other.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_shares_as_there_are_parts_run_at_once()
    {
        using var first = Open(shareOf: 2);
        using var second = Open(shareOf: 2);
        Assert.NotEqual(first.Path, second.Path);
        var third = Assert.Throws<ScopeHeldException>(() => Open(shareOf: 2));
        Assert.Contains("all 2 shares", third.Message, StringComparison.Ordinal);
        second.Dispose();
        using var again = Open(shareOf: 2);
        Assert.EndsWith("share-2-of-2.jsonl", again.Path, StringComparison.Ordinal);
        // Whoever looks for shares does not go through the files of all scopes.
        Assert.Empty(Directory.GetFiles(_state.Scopes, "*share-*"));
    }

    [Fact]
    public void The_whole_and_a_share_exclude_each_other_and_so_do_shares_of_another_size()
    {
        using (Open(shareOf: 2))
        {
            Assert.Equal(Environment.ProcessId, Assert.Throws<ScopeHeldException>(() => Open()).HeldBy);
            Assert.Contains("another size", Assert.Throws<ScopeHeldException>(() => Open(shareOf: 3)).Message, StringComparison.Ordinal);
            Open(shareOf: 2).Dispose();
        }
        using (Open())
            Assert.Throws<ScopeHeldException>(() => Open(shareOf: 2));
        Open(shareOf: 3).Dispose();
    }

    [Fact]
    public void The_past_of_a_share_stays_with_its_slot_and_goes_to_whoever_takes_the_whole()
    {
        using (var first = Open(shareOf: 2))
        using (var second = Open(shareOf: 2))
        {
            first.Sent(1, Now, [new("tokens", 1)]);
            first.Late(1, Now, null);
            second.Sent(1, Now, [new("tokens", 2)]);
        }
        using (var first = Open(shareOf: 2))
            Assert.Equal([new("tokens", 1)], first.Past.Sends.Single().Costs!);
        using (var other = Open(shareOf: 3))
            Assert.Equal(2, other.Past.Sends.Count);
        using (var whole = Open())
            Assert.Equal(2, whole.Past.Sends.Count);
        Assert.Single(Directory.GetFiles(_state.Scopes, "*.jsonl"));
        using (var whole = Open())
            Assert.Equal(2, whole.Past.Sends.Count);
        using var share = Open(shareOf: 2);
        Assert.Equal(2, share.Past.Sends.Count);
    }

    [Fact]
    public void Compaction_drops_what_is_old_and_keeps_what_is_in_flight()
    {
        using (var scope = Open())
        {
            scope.Sent(1, Now, null);
            scope.Sent(2, Now, [new("tokens", 2)]);
            scope.Sent(3, Now, [new("tokens", 3)]);
            scope.Late(1, Now, null);
            _time.Advance(TimeSpan.FromSeconds(10));
            scope.Late(2, Now, null);
            scope.Compact(Now - 5 * Second);
            scope.Late(3, Now, [new("tokens", 30)]);
            scope.Sent(4, Now, [new("tokens", 4)]);
        }
        Assert.Equal(1 + 2 + 1 + 2, File.ReadLines(Directory.GetFiles(_state.Scopes, "*.jsonl").Single()).Count());
        using var next = Open();
        Assert.Equal([2, 30, 4], next.Past.Sends.Select(s => s.Costs!.Single().Amount));
        Assert.Equal(Now - 5 * Second, next.Past.KnownSinceNs);
        Assert.Empty(Directory.GetFiles(_state.Scopes, "*.new"));
    }

    [Fact]
    public void A_file_that_has_grown_old_is_rewritten_at_the_sync()
    {
        using var scope = Open(keep: TimeSpan.FromSeconds(1));
        for (var n = 1; n <= 30_000; n++)
        {
            scope.Sent(n, Now, null);
            scope.Late(n, Now, null);
        }
        var grown = new FileInfo(scope.Path).Length;
        _time.Advance(TimeSpan.FromSeconds(2));
        scope.Sync();
        Assert.True(grown > 1024 * 1024);
        Assert.InRange(new FileInfo(scope.Path).Length, 1, 1000);
    }

    [Fact]
    public void Opening_drops_what_no_limit_remembers_and_says_since_when_it_knows()
    {
        using (var scope = Open(keep: TimeSpan.FromMinutes(1)))
        {
            scope.Sent(1, Now, null);
            scope.Late(1, Now, null);
        }
        _time.Advance(TimeSpan.FromMinutes(2));
        using var next = Open(keep: TimeSpan.FromMinutes(1));
        Assert.Empty(next.Past.Sends);
        Assert.Equal(Now - 60 * Second, next.Past.KnownSinceNs);
        Assert.Single(File.ReadLines(next.Path));
    }

    [Fact]
    public void Many_sends_are_merged_within_a_thousandth_of_their_age_and_to_the_safe_side()
    {
        var sends = Enumerable.Range(0, 100_000).Select(i => new ScopeSend(0, i * 1000L, i * 1000L + 500, [new("tokens", 2)])).ToList();
        const long now = 200_000_000;
        var merged = ScopeRewrite.Coalesced(sends, now);
        Assert.InRange(merged.Count, 500, 1500);
        Assert.Equal(100_000, merged.Sum(s => UnitCost.In("requests", s.Costs)));
        Assert.Equal(200_000, merged.Sum(s => UnitCost.In("tokens", s.Costs)));
        Assert.All(merged, s => Assert.True(s.LateUs - s.SentUs <= (now - s.LateUs) / 1000));
        // No window up to any instant ever holds less than it really did.
        for (var at = 0L; at < 100_000_000; at += 7_777_777)
            Assert.True(merged.Where(s => s.LateUs > at).Sum(s => UnitCost.In("requests", s.Costs)) >= sends.Count(s => s.LateUs > at));
        sends.RemoveRange(4096, sends.Count - 4096);
        Assert.Same(sends, ScopeRewrite.Coalesced(sends, now));
    }

    private ScopeFile Open(int? shareOf = null, string scope = Scope, TimeSpan? keep = null) =>
        ScopeFile.Open(_state, scope, new ScopeTerms(shareOf, Straggle, keep ?? TimeSpan.FromDays(1)), _time, _boot);

    /// <summary>What a dying process leaves: everything that went through write(2), and its lock gone.</summary>
    private void Crash(Action<ScopeFile> before)
    {
        using var scope = Open();
        before(scope);
    }

    private void Reboot(TimeSpan downFor)
    {
        _time = new VirtualTime(_time.GetUtcNow() + downFor);
        _boot += "+1";
    }
}

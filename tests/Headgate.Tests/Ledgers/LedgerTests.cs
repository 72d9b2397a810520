using System.Text;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

public sealed class LedgerTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();

    private string Path => _folder["results.jsonl.ledger"];

    internal static LedgerHeader Header { get; } = new()
    {
        Input = new LedgerInput("requests.jsonl", "sha256:00ff"),
        Results = "results.jsonl",
        Limits = new Dictionary<string, IReadOnlyList<string>> { ["total"] = ["500 concurrent"], ["api"] = ["100/s", "5000/h"], ["api/key"] = ["10/s"], ["api/key:gold \"1\""] = ["20/s"] },
        Timing = "bounded",
        BoundMs = new Dictionary<string, decimal> { ["api"] = 250.5m },
        Straggle = TimeSpan.FromSeconds(2.5),
        Boot = "eb8d6877",
        WallUs = 1_763_629_200_000_000,
        MonoUs = 42,
        Keys = new Dictionary<string, IReadOnlyDictionary<string, string>> { ["api"] = new Dictionary<string, string> { ["gold \"1\""] = "0123456789abcdef" } },
        Pid = 4711,
    };

    internal static LedgerIntent Intent(long number, long sent = 1000, long? line = null, string? id = null, UnitCost[]? cost = null) =>
        new() { WallUs = 1_763_629_200_000_000 + sent, SentUs = sent, Number = number, Line = line, Id = id, Upstream = "api", Key = "key-1", Cost = cost };

    internal static LedgerEnd End(long number, long end = 2000, long? late = null, int status = 200) => new() { Number = number, EndUs = end, LateUs = late ?? end, Status = status };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_record_is_read_back_as_it_was_written()
    {
        LedgerIntent[] intents =
        [
            Intent(1),
            new() { WallUs = 5, SentUs = long.MaxValue, Number = 2, Line = 17, Id = "a \"b\" \\ \n \t \u0001 ü 漢 🚰", Upstream = "https://api.example.com:443", Key = "käy", Proxy = "p/1", Cost = [new("requests", 1), new("tokens", 1200)] },
        ];
        LedgerEnd[] ends =
        [
            End(1),
            new() { Number = 2, EndUs = 3, LateUs = 4, Status = 503, Cost = [new("tokens", 7)] },
            new() { Number = 3, EndUs = 3, LateUs = 2_000_003, Class = "network" },
        ];
        using (var writer = LedgerWriter.Create(Path, Header, _time))
        {
            foreach (var intent in intents)
                writer.WriteIntent(intent);
            foreach (var end in ends)
                writer.WriteEnd(end);
            writer.WriteLimits(new LedgerLimits(new Dictionary<string, IReadOnlyList<string>> { ["api"] = ["50/s"] }, 99));
            writer.WriteStep(new LedgerStep(-1_500_000, 100));
            writer.WriteServerClock(new LedgerServerClock("api", 1_763_629_200_000_000, 500_000, 101));
        }

        using var reader = LedgerReader.Open(Path);
        Assert.True(reader.Read());
        Assert.Equivalent(Header, reader.Header, strict: true);
        foreach (var intent in intents)
        {
            Assert.True(reader.Read());
            Assert.Equal(intent with { Cost = null }, reader.Intent with { Cost = null });
            Assert.Equal(intent.Cost ?? [], reader.Intent.Cost ?? []);
        }
        foreach (var end in ends)
        {
            Assert.True(reader.Read());
            Assert.Equal(LedgerRecordKind.End, reader.Kind);
            Assert.Equal(end with { Cost = null }, reader.End with { Cost = null });
            Assert.Equal(end.Cost ?? [], reader.End.Cost ?? []);
        }
        Assert.True(reader.Read());
        Assert.Equal(["50/s"], reader.Limits!.Limits["api"]);
        Assert.True(reader.Read());
        Assert.Equal(new LedgerStep(-1_500_000, 100), reader.Step);
        Assert.True(reader.Read());
        Assert.Equal(new LedgerServerClock("api", 1_763_629_200_000_000, 500_000, 101), reader.ServerClock);
        Assert.False(reader.Read());
        Assert.Empty(reader.Damage);
        Assert.Null(reader.Torn);
    }

    [Fact]
    public void The_letters_are_those_of_the_contract()
    {
        using (var writer = LedgerWriter.Create(Path, Header, _time))
        {
            writer.WriteIntent(Intent(1, sent: 7, line: 3, id: "x", cost: [new("tokens", 5)]));
            writer.WriteIntent(new LedgerIntent { WallUs = 9, SentUs = 8, Number = 2, Cost = [new("requests", 1)] });
            writer.WriteEnd(End(1, 20, 21));
            writer.WriteEnd(new LedgerEnd { Number = 2, EndUs = 30, LateUs = 31, Class = "timeout" });
        }
        Assert.Equal(
            """
            {"t":1763629200000007,"m":7,"n":1,"line":3,"id":"x","up":"api","key":"key-1","cost":{"tokens":5}}
            {"t":9,"m":8,"n":2}
            {"n":1,"end":20,"late":21,"status":200}
            {"n":2,"end":30,"late":31,"class":"timeout"}
            """, string.Join('\n', File.ReadLines(Path).Skip(1)));
        Assert.StartsWith("""{"headgate":"ledger","version":1,"input":{"path":"requests.jsonl","hash":"sha256:00ff"},"results":"results.jsonl","limits":{"total":["500 concurrent"]""", File.ReadLines(Path).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_intent_is_in_the_file_when_the_call_returns_and_takes_the_ends_before_it_along()
    {
        using var writer = LedgerWriter.Create(Path, Header, _time);
        writer.WriteIntent(Intent(1));
        Assert.Equal(2, Lines());
        writer.WriteEnd(End(1));
        Assert.Equal(2, Lines());
        writer.WriteIntent(Intent(2));
        Assert.Equal(4, Lines());
    }

    [Fact]
    public void An_end_waits_100_ms_at_most()
    {
        using var writer = LedgerWriter.Create(Path, Header, _time);
        writer.WriteEnd(End(1));
        _time.Advance(TimeSpan.FromMilliseconds(60));
        writer.WriteEnd(End(2));
        Assert.Equal(1, Lines());
        _time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.Equal(3, Lines());
        writer.WriteEnd(End(3));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(4, Lines());
    }

    [Fact]
    public void Ends_wait_for_64_KiB_at_most()
    {
        using var writer = LedgerWriter.Create(Path, Header, _time);
        for (var n = 1; n <= 2000; n++)
            writer.WriteEnd(End(n));
        Assert.InRange(Lines(), 1000, 2001);
        writer.Dispose();
        Assert.Equal(2001, Lines());
    }

    [Fact]
    public void A_record_longer_than_any_buffer_is_written_whole()
    {
        var id = new string('x', 300_000);
        using (var writer = LedgerWriter.Create(Path, Header, _time))
        {
            writer.WriteEnd(End(9));
            writer.WriteIntent(Intent(1, id: id));
        }
        using var reader = LedgerReader.Open(Path);
        Assert.True(reader.Read() && reader.Read() && reader.Kind == LedgerRecordKind.End && reader.Read());
        Assert.Equal(id, reader.Intent.Id);
    }

    [Fact]
    public void A_second_run_on_the_same_ledger_is_refused_and_told_which_process_has_it()
    {
        using var writer = LedgerWriter.Create(Path, Header, _time);
        var refused = Assert.Throws<LedgerException>(() => LedgerWriter.Resume(Path, _time, out _));
        Assert.True(refused.IsHeld);
        Assert.Equal(4711, refused.HeldBy);
        Assert.Contains(Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("process 4711", refused.Message, StringComparison.Ordinal);
        writer.Dispose();
        LedgerWriter.Resume(Path, _time, out _).Dispose();
    }

    [Fact]
    public void A_new_run_does_not_write_over_a_ledger()
    {
        LedgerWriter.Create(Path, Header, _time).Dispose();
        Assert.Contains("there is a ledger already", Assert.Throws<LedgerException>(() => LedgerWriter.Create(Path, Header, _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named()
    {
        var path = _folder["no/such/ledger"];
        Assert.Contains(path, Assert.Throws<LedgerException>(() => LedgerWriter.Create(path, Header, _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_fails_each_call_that_has_to_be_through_and_names_the_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has a device that is always full");
        // Every write fails with "no space left".
        using var full = new RecordFile("/dev/full", File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite), _time);
        full.Append("{}\n"u8, isThrough: false);
        for (var time = 0; time < 2; time++)
        {
            var failure = Assert.Throws<LedgerException>(() => full.Append("{}\n"u8, isThrough: true));
            Assert.Equal("/dev/full", failure.Path);
            Assert.StartsWith("/dev/full: cannot be written: ", failure.Message, StringComparison.Ordinal);
        }
        Assert.Throws<LedgerException>(() => full.Flush());
        Assert.Throws<LedgerException>(full.Sync);
    }

    [Fact]
    public void Going_on_lists_what_has_an_intent_and_no_end()
    {
        using (var writer = LedgerWriter.Create(Path, Header, _time))
        {
            writer.WriteIntent(Intent(1, line: 1));
            writer.WriteIntent(Intent(7, line: 2, id: "b"));
            writer.WriteIntent(Intent(3, line: 3));
            writer.WriteIntent(Intent(4, line: 4));
            writer.WriteEnd(End(1));
            writer.WriteEnd(End(4));
        }
        using (var writer = LedgerWriter.Resume(Path, _time, out var past))
        {
            Assert.Equal([(3, 3), (7, 2)], past.Unended.Select(i => (i.Number, i.Line!.Value)));
            Assert.Equal(("b", "key-1"), (past.Unended[1].Id, past.Unended[1].Key));
            Assert.Equal(7, past.HighestNumber);
            Assert.Equal(4, past.Intents);
            Assert.Equal(8, writer.NextNumber());
            writer.WriteHeader(Header with { IsResume = true, Pid = 4712 });
        }
        var again = LedgerPast.Read(Path);
        Assert.Equal((4711, false, 4712, true), (again.FirstHeader!.Pid, again.FirstHeader.IsResume, again.LastHeader!.Pid, again.LastHeader.IsResume));
    }

    [Fact]
    public void A_last_record_torn_at_any_byte_is_cut_off_and_the_rest_stands()
    {
        using (var writer = LedgerWriter.Create(Path, Header, _time))
            writer.WriteIntent(Intent(1));
        var before = new FileInfo(Path).Length;
        using (var writer = LedgerWriter.Resume(Path, _time, out _))
            writer.WriteIntent(Intent(2, id: "ü"));
        var whole = File.ReadAllBytes(Path);
        for (var length = before; length < whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..(int)length]);
            using (var writer = LedgerWriter.Resume(Path, _time, out var past))
            {
                Assert.Equal(length == before, past.Torn is null);
                Assert.Equal([1], past.Unended.Select(i => i.Number));
                Assert.Empty(past.Damage);
                writer.WriteIntent(Intent(3));
            }
            Assert.Equal([1, 3], LedgerPast.Read(Path).Unended.Select(i => i.Number));
        }
    }

    [Fact]
    public void A_header_torn_at_any_byte_is_a_ledger_without_sends()
    {
        LedgerWriter.Create(Path, Header, _time).Dispose();
        var whole = File.ReadAllBytes(Path);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..length]);
            LedgerWriter.Resume(Path, _time, out var past).Dispose();
            Assert.Null(past.FirstHeader);
            Assert.Equal(0, new FileInfo(Path).Length);
        }
    }

    [Theory]
    [InlineData("\0\0\0\0")]
    [InlineData("{\"n\":")]
    [InlineData("[]")]
    [InlineData("{\"n\":1,\"end\":\"x\"}")]
    [InlineData("{\"m\":1,\"t\":1}")]
    [InlineData("{\"m\":1,\"n\":1}")]
    [InlineData("{\"n\":1}")]
    [InlineData("{\"t\":1,\"m\":1,\"n\":1,\"up\":\"api\",\"cost\":{\"requests\":-1}}")]
    [InlineData("{\"n\":1.5,\"end\":2,\"late\":2}")]
    [InlineData("{\"n\":1,\"end\":2,\"late\":2}{}")]
    public void An_unreadable_line_is_torn_at_the_end_and_damage_before_it(string bad)
    {
        var good = Encoding.UTF8.GetString(LedgerHeaderJson.Write(Header));
        File.WriteAllText(Path, $"{good}{bad}\n");
        var torn = LedgerPast.Read(Path);
        Assert.Equal((2, Encoding.UTF8.GetByteCount(good)), (torn.Torn!.Line, torn.Torn.Offset));
        Assert.Empty(torn.Damage);

        File.WriteAllText(Path, $$"""{{good}}{{bad}}{{"\n"}}{"n":1,"end":2,"late":2}{{"\n"}}""");
        var damaged = LedgerPast.Read(Path);
        Assert.Null(damaged.Torn);
        Assert.Equal((2, Encoding.UTF8.GetByteCount(good)), (damaged.Damage[0].Line, damaged.Damage[0].Offset));
        Assert.NotEmpty(damaged.Damage[0].Reason);
    }

    [Fact]
    public void What_is_no_ledger_is_refused_by_name()
    {
        File.WriteAllText(Path, """{"url":"https://example.com"}""" + "\n");
        Assert.Contains($"{Path}: line 1 is not the header of a ledger", Assert.Throws<LedgerException>(() => LedgerPast.Read(Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path, """{"headgate":"ledger","version":2,"boot":"b","wall":1,"mono":1}""" + "\n" + """{"n":1,"end":2,"late":2}""" + "\n");
        Assert.Contains("version 2", Assert.Throws<LedgerException>(() => LedgerPast.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_threads_write_whole_lines()
    {
        using (var writer = LedgerWriter.Create(Path, Header, _time))
            Parallel.For(0, 8, _ =>
            {
                for (var i = 0; i < 500; i++)
                {
                    var n = writer.NextNumber();
                    writer.WriteIntent(Intent(n, line: n));
                    writer.WriteEnd(End(n));
                }
            });
        var past = LedgerPast.Read(Path);
        Assert.Equal((4000, 4000, 0, 0), (past.Intents, past.HighestNumber, past.Unended.Count, past.Damage.Count));
    }

    [Fact]
    public void Writing_an_intent_and_an_end_allocates_nothing()
    {
        using var writer = LedgerWriter.Create(Path, Header, _time);
        var (intent, end) = (Intent(1, line: 1, id: "line-1", cost: [new("tokens", 12)]), End(1));
        for (var i = 0; i < 100; i++)
            Write();
        Assert.InRange(
            Allocated.Least(() =>
            {
                for (var i = 0; i < 1000; i++)
                    Write();
            }),
            0,
            100);

        void Write()
        {
            writer.WriteIntent(intent);
            writer.WriteEnd(end);
        }
    }

    private int Lines()
    {
        using var file = LockedFile.OpenToRead(Path);
        using var lines = new RecordLines(file);
        var count = 0;
        while (lines.Read())
            count++;
        return count;
    }
}

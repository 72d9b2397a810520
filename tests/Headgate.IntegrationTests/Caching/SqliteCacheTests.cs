using System.Text;
using Headgate.Caching;

namespace Headgate.IntegrationTests.Caching;

/// <summary>Answers are found again that memory has let go or that an earlier process had: to the byte, by nobody else, and never if they were invalidated.</summary>
public sealed class SqliteCacheTests : IAsyncDisposable
{
    private const string Fresh = "Cache-Control: max-age=86400";
    private const string Url = "https://api.test/v1/things?page=1";

    private readonly KeptWorld _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_is_there_again_to_the_byte(bool dies)
    {
        var fields = new FieldList(new("cache-CONTROL", "public, max-age=86400"), new("X-Two", "b"), new("Set-Cookie", "a=1"), new("x-two", " a, \"é\u0080\" "), new("Empty", ""), new("Set-Cookie", "b=2; Path=/"), new("Vary", "Accept"), new("ETag", "\"x\""));
        byte[] body = [.. Enumerable.Range(0, 70_000).Select(at => (byte)(at * 7))];
        Assert.True(_world.Keep(Url, "Accept: a/b", 203, fields, body));
        Assert.True(_world.Keep(Url, "Accept: c/d", 200, KeptWorld.FieldsOf($"{Fresh} | Vary: Accept"), [1]));
        _world.Now += 5_000;
        var before = _world.Look(Url, "Accept: a/b").Served!.Value;

        await _world.Archive.FlushAsync();
        await (dies ? _world.DieAsync() : _world.RestartAsync());

        var after = _world.Look(Url, "Accept: a/b").Served!.Value;
        Assert.Equal(before.Status, after.Status);
        Assert.Equal(before.Fields.ToArray(), after.Fields.ToArray());
        Assert.Equal(body, after.Body.ToArray());
        Assert.Equal([1], _world.Look(Url, "Accept: c/d").Served!.Value.Body.ToArray());
        Assert.Equal(ForwardReason.VaryMiss, _world.Look(Url, "Accept: e/f").Decision.Reason);
        Assert.Equal(ForwardReason.UriMiss, _world.Look(Url + "0", "Accept: a/b").Decision.Reason);
        Assert.Empty(_world.Notices);
    }

    [Fact]
    public async Task What_was_invalidated_before_a_death_is_validated_though_nothing_else_was_written()
    {
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf($"{Fresh} | Cache-Groups: \"things\" | ETag: \"1\""), [1]));
        Assert.True(_world.Keep("https://api.test/other", "", 200, KeptWorld.FieldsOf($"{Fresh} | Cache-Groups: \"things\""), [2]));
        Assert.True(_world.Keep("https://api.test/third", "", 200, KeptWorld.FieldsOf(Fresh), [3]));
        await _world.Archive.FlushAsync();
        _world.Now += 10;
        _world.Keep(Url, "", 200, FieldList.Empty, [], "POST");
        _world.Keep("https://api.test/x", "", 200, KeptWorld.FieldsOf("Cache-Group-Invalidation: \"things\""), [], "PATCH");
        _world.Now += 10;

        await _world.DieAsync();

        Assert.Equal(ReuseKind.Validate, _world.Look(Url).Decision.Kind);
        Assert.Null(_world.Look("https://api.test/other").Served);
        Assert.Equal([3], _world.Look("https://api.test/third").Served!.Value.Body.ToArray());

        Assert.True(_world.Keep(Url, "", 304, KeptWorld.FieldsOf("ETag: \"1\""), []));
        await _world.RestartAsync();
        Assert.Equal([1], _world.Look(Url).Served!.Value.Body.ToArray());
    }

    [Fact]
    public async Task After_a_loss_of_power_everything_is_validated_once()
    {
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf($"{Fresh} | ETag: \"1\""), [1]));
        await _world.Archive.FlushAsync();
        var lines = await File.ReadAllLinesAsync(_world.File + ".invalid");
        await _world.DieAsync();
        Assert.NotNull(_world.Look(Url).Served);

        await File.WriteAllLinesAsync(_world.File + ".invalid", [lines[0] + "-another-boot", .. lines[1..]]);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _world.DieAsync();

        Assert.Equal(ReuseKind.Validate, _world.Look(Url).Decision.Kind);
    }

    [Fact]
    public async Task A_loss_of_power_that_brings_back_the_file_of_an_earlier_end_is_known_as_one()
    {
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf($"{Fresh} | ETag: \"1\""), [1]));
        await _world.EndAsync();
        using var earlier = new StreamReader(Headgate.Ledgers.LockedFile.OpenToRead(_world.File + ".invalid"));
        _world.Begin();
        _world.Now += 10;
        _world.Keep(Url, "", 200, FieldList.Empty, [], "POST");
        _world.Now += 10;

        var lines = (await earlier.ReadToEndAsync()).Split('\n');
        await File.WriteAllTextAsync(_world.File + ".invalid", string.Join('\n', [lines[0] + "-another-boot", .. lines[1..]]));
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _world.DieAsync();

        Assert.Equal(ReuseKind.Validate, _world.Look(Url).Decision.Kind);
    }

    [Fact]
    public async Task A_database_without_its_tables_is_put_aside_and_nothing_of_it_stays_open()
    {
        await _world.EndAsync();
        using (var database = Headgate.Backends.Sqlite.SqliteDatabase.Connect(_world.File, Microsoft.Data.Sqlite.SqliteOpenMode.ReadWrite))
        {
            using var drop = database.CreateCommand();
            drop.CommandText = "DROP TABLE entries";
            drop.ExecuteNonQuery();
        }

        _world.Begin();

        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf(Fresh), [1]));
        Assert.Contains(_world.Notices, notice => notice.Contains("begun anew", StringComparison.Ordinal));
        if (OperatingSystem.IsLinux())
            Assert.Single(Directory.GetFiles("/proc/self/fd"), file => new FileInfo(file).LinkTarget?.StartsWith(_world.File + ".invalid", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_purge_waits_for_what_came_before_it_and_not_for_what_goes_on_coming()
    {
        using var stop = new CancellationTokenSource();
        var traffic = Task.Run(() =>
        {
            for (var number = 0; !stop.IsCancellationRequested; number++)
                _world.Keep($"https://api.test/{number % 100}", "", 200, KeptWorld.FieldsOf(Fresh), [1]);
        }, CancellationToken.None);
        try
        {
            for (var times = 0; times < 5; times++)
                await _world.Cache.Inventory.RemoveAsync(static place => place.EndsWith('7'), isDryRun: false);
        }
        finally
        {
            await stop.CancelAsync();
            await traffic;
        }
    }

    [Fact]
    public async Task What_memory_lets_go_is_found_on_disk()
    {
        await using var world = new KeptWorld(memory: 100_000);
        for (var number = 0; number < 200; number++)
            Assert.True(world.Keep($"https://api.test/{number}", "", 200, KeptWorld.FieldsOf(Fresh), [.. Enumerable.Repeat((byte)number, 5_000)]));

        Assert.InRange(world.Cache.Bytes, 1, 100_000);
        for (var number = 0; number < 200; number++)
            Assert.Equal((byte)number, world.Look($"https://api.test/{number}").Served!.Value.Body.Span[4_999]);
        await world.Archive.FlushAsync();
        for (var number = 0; number < 200; number++)
            Assert.Equal((byte)number, world.Look($"https://api.test/{number}").Served!.Value.Body.Span[4_999]);
        Assert.InRange(world.Cache.Bytes, 1, 100_000);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(1_500_000)]
    public async Task The_file_and_the_log_ahead_of_it_are_bounded_together_however_much_is_written_at_once(int size)
    {
        const int disk = 16 << 20;
        await using var world = new KeptWorld(memory: 32 << 20, disk: disk);
        long most = 0;
        for (var batch = 0; batch < 12; batch++)
        {
            for (var written = 0; written < 6 << 20; written += size)
                Assert.True(world.Keep($"https://api.test/{batch}/{written}", "", 200, KeptWorld.FieldsOf(Fresh), new byte[size]));
            var flushed = world.Archive.FlushAsync();
            do
                most = Math.Max(most, new FileInfo(world.File).Length + new FileInfo($"{world.File}-wal").Length);
            while (!flushed.IsCompleted);
            await flushed;
            most = Math.Max(most, new FileInfo(world.File).Length + new FileInfo($"{world.File}-wal").Length);
        }

        // All of it is used, and no more.
        Assert.InRange(most, disk / 2, disk);
    }

    [Fact]
    public async Task The_file_is_bounded_and_what_was_used_longest_ago_goes()
    {
        await using var world = new KeptWorld(memory: 200_000, disk: 2_000_000);
        for (var number = 0; number < 400; number++)
        {
            Assert.True(world.Keep($"https://api.test/{number}", "", 200, KeptWorld.FieldsOf(Fresh), new byte[10_000]));
            if (number % 10 == 9)
            {
                await world.Archive.FlushAsync();
                Assert.NotNull(world.Look("https://api.test/0").Served);
                await world.RestartAsync();
                Assert.InRange(world.Archive.Bytes, 1, 2_000_000);
                Assert.NotNull(world.Look("https://api.test/0").Served);
            }
        }

        Assert.InRange(new FileInfo(world.File).Length, 1_000_000, 2_100_000);
        Assert.Null(world.Look("https://api.test/1").Served);
        Assert.NotNull(world.Look("https://api.test/399").Served);
    }

    [Fact]
    public async Task Nobody_gets_what_others_got_and_no_credentials_are_written()
    {
        const string secret = "Bearer tOpSeCrEt-4711";
        Assert.True(_world.Keep(Url, $"Authorization: {secret}", 200, KeptWorld.FieldsOf($"{Fresh} | ETag: \"a\""), [1]));
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf($"{Fresh} | ETag: \"n\""), [2]));
        Assert.True(_world.Keep("https://api.test/vary", $"Authorization: {secret} | Cookie: {secret}", 200, KeptWorld.FieldsOf($"{Fresh} | Vary: authorization, Cookie"), [3]));
        await _world.RestartAsync();

        Assert.Equal([1], _world.Look(Url, $"Authorization: {secret}").Served!.Value.Body.ToArray());
        Assert.Equal([2], _world.Look(Url).Served!.Value.Body.ToArray());
        Assert.Null(_world.Look(Url, "Authorization: Bearer other").Served);
        Assert.Null(_world.Look("https://api.test/vary", $"Authorization: {secret} | Cookie: {secret}").Served);
        Assert.DoesNotContain("4711", _world.Written(), StringComparison.Ordinal);
        Assert.Contains("api.test", _world.Written(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_rules_do_not_find_it()
    {
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf($"{Fresh}, private"), [1]));
        await _world.RestartAsync();
        _world.Rules = new CacheRules { IsShared = true };

        Assert.Null(_world.Look(Url).Served);
        _world.Rules = new CacheRules();
        Assert.NotNull(_world.Look(Url).Served);
    }

    [Fact]
    public async Task Answers_for_many_queries_are_found_again()
    {
        Assert.True(_world.Keep("https://api.test/s?q=a&utm=1", "", 200, KeptWorld.FieldsOf($"{Fresh} | No-Vary-Search: params=(\"utm\")"), [1]));
        await _world.RestartAsync();

        Assert.Equal([1], _world.Look("https://api.test/s?q=a&utm=2").Served!.Value.Body.ToArray());
        Assert.Null(_world.Look("https://api.test/s?q=b&utm=1").Served);
        _world.Now += 10;
        _world.Keep("https://api.test/s?q=x", "", 200, FieldList.Empty, [], "DELETE");
        await _world.RestartAsync();
        Assert.Null(_world.Look("https://api.test/s?q=a&utm=2").Served);
    }

    [Fact]
    public async Task Only_its_owner_may_read_it()
    {
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf(Fresh), [1]));
        await _world.Archive.FlushAsync();

        foreach (var file in _world.Files().Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task That_a_cache_was_off_is_known_after_a_restart_or_a_death(bool dies)
    {
        Assert.Equal(long.MinValue, _world.Cache.Off.Last("https://api.test"));
        _world.Cache.Off.Add("https://api.test", _world.Now);

        await (dies ? _world.DieAsync() : _world.RestartAsync());

        Assert.Equal((_world.Now, long.MinValue), (_world.Cache.Off.Last("https://api.test"), _world.Cache.Off.Last("https://other.test")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("this was never a database, whatever its name says")]
    [InlineData("SQLite format 3\0 and nothing else of it")]
    public async Task A_file_that_cannot_be_read_is_put_aside_and_it_begins_anew(string content)
    {
        await _world.EndAsync();
        await File.WriteAllTextAsync(_world.File, content.PadRight(content.Length == 0 ? 0 : 8_192, 'x'));
        _world.Begin();

        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf(Fresh), [1]));
        await _world.RestartAsync();
        Assert.NotNull(_world.Look(Url).Served);
        Assert.Equal(content.Length > 0, _world.Notices.Any(notice => notice.Contains("cache.db.damaged-", StringComparison.Ordinal)));
        Assert.Equal(content.Length > 0, _world.Files().Any(file => file.Contains("damaged", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Bytes_that_went_wrong_in_the_file_are_no_answer()
    {
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf(Fresh), Encoding.ASCII.GetBytes(new string('Q', 3_000))));
        await _world.EndAsync();
        var bytes = await File.ReadAllBytesAsync(_world.File);
        var at = bytes.AsSpan().IndexOf("QQQQQQQQQQ"u8);
        bytes[at + 100] = (byte)'Z';
        await File.WriteAllBytesAsync(_world.File, bytes);
        _world.Begin();

        Assert.Null(_world.Look(Url).Served);
        Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf(Fresh), [1]));
        await _world.RestartAsync();
        Assert.Equal([1], _world.Look(Url).Served!.Value.Body.ToArray());
    }

    [Fact]
    public void A_file_that_another_has_is_left_alone()
    {
        var notices = new List<string>();
        Assert.Null(Headgate.Backends.Sqlite.SqliteCache.Open(_world.File, 1 << 20, _world.Time, notices.Add));
        Assert.Contains("another process has it", Assert.Single(notices), StringComparison.Ordinal);
    }
}

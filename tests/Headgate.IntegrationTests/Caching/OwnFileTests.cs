using Headgate.Caching;

namespace Headgate.IntegrationTests.Caching;

/// <summary>What is kept is for its owner alone, whatever was there before.</summary>
public sealed class OwnFileTests : IAsyncDisposable
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Url = "https://api.test/thing";

    private readonly KeptWorld _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_link_to_nothing_leads_to_a_file_for_its_owner_alone()
    {
        if (OperatingSystem.IsWindows())
            return;
        await _world.EndAsync();
        var far = Directory.CreateTempSubdirectory("headgate-far-").FullName;
        try
        {
            File.Delete(_world.File);
            File.CreateSymbolicLink(_world.File, Path.Combine(far, "first"));
            File.CreateSymbolicLink(Path.Combine(far, "first"), "answers.db");
            _world.Begin();
            Keep();
            await _world.RestartAsync();

            Assert.NotNull(_world.Look(Url).Served);
            Assert.Equal(Own, File.GetUnixFileMode(Path.Combine(far, "answers.db")));
            Assert.NotNull(new FileInfo(_world.File).LinkTarget);
            Assert.Empty(_world.Notices);
        }
        finally
        {
            await _world.EndAsync();
            Directory.Delete(far, recursive: true);
        }
    }

    [Fact]
    public async Task A_file_that_others_could_read_is_theirs_no_longer_and_that_is_told()
    {
        if (OperatingSystem.IsWindows())
            return;
        Keep();
        await _world.EndAsync();
        File.SetUnixFileMode(_world.File, Own | UnixFileMode.GroupRead | UnixFileMode.OtherWrite);

        _world.Begin();

        Assert.Equal(Own, File.GetUnixFileMode(_world.File));
        Assert.Contains("(642)", Assert.Single(_world.Notices), StringComparison.Ordinal);
        Assert.NotNull(_world.Look(Url).Served);
    }

    [Fact]
    public async Task Links_in_a_circle_are_told_and_answers_are_kept_in_memory()
    {
        if (OperatingSystem.IsWindows())
            return;
        await _world.EndAsync();
        File.Delete(_world.File);
        File.CreateSymbolicLink(_world.File, _world.File);
        var notices = new List<string>();

        Assert.Null(Headgate.Backends.Sqlite.SqliteCache.Open(_world.File, 1 << 20, _world.Time, notices.Add));
        Assert.Contains("kept in memory only", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_file_of_jobs_is_for_its_owner_alone_in_any_directory()
    {
        if (OperatingSystem.IsWindows())
            return;
        var open = Directory.CreateTempSubdirectory("headgate-open-").FullName;
        try
        {
            File.SetUnixFileMode(open, (UnixFileMode)0b111_101_101);
            var path = Path.Combine(open, "jobs.db");
            Headgate.Backends.Sqlite.SqliteDatabase.Open(path).Dispose();
            Assert.Equal(Own, File.GetUnixFileMode(path));
        }
        finally
        {
            Directory.Delete(open, recursive: true);
        }
    }

    private void Keep() => Assert.True(_world.Keep(Url, "", 200, KeptWorld.FieldsOf("Cache-Control: max-age=86400"), [1]));
}

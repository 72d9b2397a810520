namespace Headgate.Tests.House;

/// <summary>A change of what users of the library rely on is seen by whoever reads the change.</summary>
public sealed class PublicApiTests
{
    private static readonly string File = Path.Combine(SourceTree.Root, "tests", "Headgate.Tests", "House", "PublicApi.txt");

    [Fact]
    public void The_public_api_is_the_one_that_was_reviewed()
    {
        var found = PublicApi.Describe(typeof(Headgate.Limits.Limit).Assembly) + "\n" + PublicApi.Describe(typeof(Headgate.Backends.SqliteJobs).Assembly);
        if (Environment.GetEnvironmentVariable("HEADGATE_ACCEPT") == "1")
            System.IO.File.WriteAllText(File, found);
        var reviewed = System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File).ReplaceLineEndings("\n") : "";

        Assert.True(found == reviewed, $"""
            The public API of the library has changed. If that is meant, accept it and commit the file:
                HEADGATE_ACCEPT=1 ./test --fast
            What changed in tests/Headgate.Tests/House/PublicApi.txt:
            {string.Join('\n', Difference(reviewed, found))}
            """);
    }

    private static IEnumerable<string> Difference(string before, string after)
    {
        var (old, now) = (Members(before), Members(after));
        return old.Except(now).Select(gone => $"  - {gone}").Concat(now.Except(old).Select(come => $"  + {come}"));
    }

    /// <summary>Every line with the type it belongs to.</summary>
    private static List<string> Members(string api)
    {
        var (type, members) = ("", new List<string>());
        foreach (var line in api.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line[0] == ' ')
                members.Add($"{type}: {line.Trim()}");
            else
            {
                type = line.Split(" : ")[0].Split(' ')[^1];
                members.Add(line);
            }
        return members;
    }
}

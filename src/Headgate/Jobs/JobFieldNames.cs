using System.Text;

namespace Headgate.Jobs;

/// <summary>The names of a request's members, found without allocation, and the nearest one to a slip of the pen.</summary>
internal static class JobFieldNames
{
    public static readonly string[] All = [.. Enum.GetNames<JobField>().Skip(1).Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    private static readonly byte[][] Utf8 = [.. All.Select(Encoding.UTF8.GetBytes)];

    // Which names have a length, so that one is told from 25 others by a comparison or two.
    private static readonly int[][] ByLength = [.. Enumerable.Range(0, 1 + All.Max(name => name.Length))
        .Select(length => Enumerable.Range(0, All.Length).Where(i => All[i].Length == length).ToArray())];

    public static string Of(JobField field) => All[(int)field - 1];

    public static JobField Find(ReadOnlySpan<byte> name)
    {
        if (name.Length >= ByLength.Length)
            return JobField.Unknown;
        foreach (var index in ByLength[name.Length])
            if (name.SequenceEqual(Utf8[index]))
                return (JobField)(index + 1);
        return JobField.Unknown;
    }

    /// <summary>What to say of a name that is none: it, and the nearest one if there is one near.</summary>
    public static string Complaint(string name)
    {
        var nearest = Spelling.Nearest(name, All);
        var hint = nearest is null ? "own data goes into \"context\"" : $"did you mean \"{nearest}\"? Own data goes into \"context\"";
        return $"unknown field {RequestRules.Quote(name)}: {hint}";
    }
}

using System.Text.Json;

namespace Headgate.Queues;

/// <summary>The names under which events of jobs go over the wire: <c>request_completed</c>. Pure.</summary>
internal static class JobEventNames
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [.. Enum.GetValues<JobEvent>().Select(what => $"request_{JsonNamingPolicy.SnakeCaseLower.ConvertName(what.ToString())}")];

    public static string Of(JobEvent what) => All[(int)what];

    /// <summary>The event of a name; says whether it is one.</summary>
    public static bool TryRead(string name, out JobEvent what)
    {
        for (var at = 0; at < All.Count; at++)
            if (All[at] == name)
            {
                what = (JobEvent)at;
                return true;
            }
        what = default;
        return false;
    }
}

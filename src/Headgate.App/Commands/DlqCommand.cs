using System.CommandLine;
using Headgate.App.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate dlq ls|show|replay|rm</c>: the dead letters of a running service.</summary>
internal static class DlqCommand
{
    private static readonly JobAct Replay = new("replay", "submitted", (HttpMethod.Post, "api/v1/dlq:replay"), id => (HttpMethod.Post, $"api/v1/dlq/{id}:replay"));

    private static readonly JobAct Remove = new("rm", "deleted", (HttpMethod.Delete, "api/v1/dlq"), id => (HttpMethod.Delete, $"api/v1/dlq/{id}"));

    public static Command Create() => new("dlq", "Shows the dead letters of a running service (jobs that failed), replays them, or has them forgotten.")
    {
        JobVerbs.List("Shows the dead letters: jobs that failed, or were too late, and were not done once more.", "api/v1/dlq"),
        JobVerbs.Show(),
        JobVerbs.Act(Replay, "Has dead letters done once more. Each is a new job, and the letter is none any more.", hasRate: true),
        JobVerbs.Act(Remove, "Has dead letters forgotten."),
    };
}

using System.CommandLine;
using Headgate.App.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate jobs ls|show|cancel|retry</c>: the jobs of a running service.</summary>
internal static class JobsCommand
{
    private static readonly JobAct Cancel = new("cancel", "cancelled", (HttpMethod.Post, "api/v1/requests:cancel"), id => (HttpMethod.Delete, $"api/v1/request/{id}"));

    private static readonly JobAct Retry = new("retry", "submitted", (HttpMethod.Post, "api/v1/requests:retry"), id => (HttpMethod.Post, $"api/v1/request/{id}:retry"));

    public static Command Create() => new("jobs", "Shows the jobs of a running service, cancels them, or has them done once more.")
    {
        JobVerbs.List("Shows the jobs of the service, those that have ended too.", "api/v1/requests"),
        JobVerbs.Show(),
        JobVerbs.Act(Cancel, "Cancels jobs wherever they stand, waiting or in flight."),
        JobVerbs.Act(Retry, "Has jobs done once more that ended and are not ok. Each is a new job with an id of its own.", hasRate: true),
    };
}

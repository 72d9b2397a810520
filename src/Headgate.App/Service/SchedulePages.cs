using System.Globalization;
using System.Text.Json;
using Headgate.Configuration;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>Schedules: look, set, drop, and run one now.</summary>
internal static class SchedulePages
{
    public static void Map(IEndpointRouteBuilder site, ServiceState state, JobSchedules schedules)
    {
        site.MapGet("/api/v1/schedules", context => ListAsync(context, schedules));
        site.MapGet("/api/v1/schedules/{name}", context => AnswerAsync(context, schedules, Find(context, schedules), StatusCodes.Status200OK));
        site.MapPut("/api/v1/schedules/{name}", context => PutAsync(context, state, schedules));
        site.MapDelete("/api/v1/schedules/{name}", context => DeleteAsync(context, state, schedules));
        site.MapPost("/api/v1/schedules/{name}:run", context => RunAsync(context, state, schedules));
    }

    private static async Task ListAsync(HttpContext context, JobSchedules schedules) => await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("schedules");
        foreach (var schedule in schedules.All)
            Write(json, schedules, schedule);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static async Task PutAsync(HttpContext context, ServiceState state, JobSchedules schedules)
    {
        var name = NameOf(context);
        if (!NamedQueue.IsName(name))
            throw new Problem(StatusCodes.Status400BadRequest, "a schedule has a name of 1 to 64 letters, digits, dots, dashes and underscores");
        var body = (await CallBody.ReadAsync(context)).With("cron", "timezone", "request", "paused");
        var cron = body.Text("cron") ?? throw new Problem(StatusCodes.Status400BadRequest, "cron field is required: five fields, such as \"*/5 * * * *\", or six with seconds first");
        var schedule = ScheduleOf(name, cron, body.Text("timezone") ?? "UTC", new CallBody(body.Part("request")).Request(), body.Flag("paused"));
        if (!schedule.ComesAfter(state.Time.GetUtcNow()))
            throw new Problem(StatusCodes.Status400BadRequest, $"cron \"{Excerpt.Of(cron)}\": no such time ever comes");
        var isNew = schedules.Find(name) is null;
        await schedules.PutAsync(schedule);
        state.Audit.Write(context, "schedule.put", name, ("cron", cron));
        await AnswerAsync(context, schedules, schedule, isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static JobSchedule ScheduleOf(string name, string cron, string zone, Jobs.JobRequest request, bool isPaused)
    {
        if (request.Queue == Callbacks.QueueName)
            throw new Problem(StatusCodes.Status400BadRequest, $"queue \"{Callbacks.QueueName}\" is for the service's own calls");
        try
        {
            return new JobSchedule(name, cron, TimeZoneInfo.FindSystemTimeZoneById(zone), request, isPaused);
        }
        catch (FormatException wrong)
        {
            throw new Problem(StatusCodes.Status400BadRequest, $"cron \"{Excerpt.Of(cron)}\" is not five fields (minute, hour, day of the month, month, day of the week), or six with seconds first: {wrong.Message.Replace("'\0'", "its end", StringComparison.Ordinal)}");
        }
        catch (Exception unknown) when (unknown is TimeZoneNotFoundException or InvalidTimeZoneException or System.Security.SecurityException)
        {
            throw new Problem(StatusCodes.Status400BadRequest, $"timezone \"{Excerpt.Of(zone)}\" is not known; for example Europe/Berlin");
        }
    }

    private static async Task DeleteAsync(HttpContext context, ServiceState state, JobSchedules schedules)
    {
        if (!await schedules.DeleteAsync(NameOf(context)))
            throw NotFound();
        state.Audit.Write(context, "schedule.delete", NameOf(context));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task RunAsync(HttpContext context, ServiceState state, JobSchedules schedules)
    {
        var schedule = Find(context, schedules);
        SubmissionPages.PressureOn(state, [schedule.Request]);
        var id = await schedules.SubmitAsync(schedule, state.Time.GetUtcNow());
        await SubmissionPages.AnswerAcceptedAsync(context, state, id);
    }

    private static Task AnswerAsync(HttpContext context, JobSchedules schedules, JobSchedule schedule, int status) => Json.AnswerAsync(context, status, json => Write(json, schedules, schedule));

    private static void Write(Utf8JsonWriter json, JobSchedules schedules, JobSchedule schedule)
    {
        json.WriteStartObject();
        json.WriteString("name", schedule.Name);
        schedule.WriteMembers(json);
        json.WriteString("next", schedules.NextOf(schedule)?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static JobSchedule Find(HttpContext context, JobSchedules schedules) => schedules.Find(NameOf(context)) ?? throw NotFound();

    private static string NameOf(HttpContext context) => (string)context.Request.RouteValues["name"]!;

    private static Problem NotFound() => new(StatusCodes.Status404NotFound, "Schedule not found");
}

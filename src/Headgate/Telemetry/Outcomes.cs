namespace Headgate.Telemetry;

/// <summary>How requests end, in one word.</summary>
internal static class Outcomes
{
    public const string Ok = "ok";

    public static string Of(FailureClass failure) => failure == FailureClass.None ? Ok : Jobs.WireNames.Of(failure);
}

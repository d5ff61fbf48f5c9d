"""The typed values of the contract. Made from mktows.wsdl by `make messages`, not by hand.

Every member is named as the contract's element. Absent is None, for lists the empty tuple; which
members are required is checked where they are used, since clients leave out what they must not.
A dateTime is aware, except one that was sent without an offset.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """One element with children. Holds values and other messages, never itself: no garbage cycles."""


ActivityType = Literal[
    "VisitWebpage",
    "FillOutForm",
    "ClickLink",
    "SendEmail",
    "EmailDelivered",
    "EmailBounced",
    "UnsubscribeEmail",
    "OpenEmail",
    "ClickEmail",
    "NewLead",
    "ChangeDataValue",
    "LeadAssigned",
    "NewSFDCOpprtnty",
    "Wait",
    "RunSubflow",
    "RemoveFromFlow",
    "PushLeadToSales",
    "CreateTask",
    "ConvertLead",
    "ChangeScore",
    "ChangeOwner",
    "AddToList",
    "RemoveFromList",
    "SFDCActivity",
    "EmailBouncedSoft",
    "PushLeadUpdatesToSales",
    "DeleteLeadFromSales",
    "SFDCActivityUpdated",
    "SFDCMergeLeads",
    "MergeLeads",
    "ResolveConflicts",
    "AssocWithOpprtntyInSales",
    "DissocFromOpprtntyInSales",
    "UpdateOpprtntyInSales",
    "DeleteLead",
    "SendAlert",
    "SendSalesEmail",
    "OpenSalesEmail",
    "ClickSalesEmail",
    "AddtoSFDCCampaign",
    "RemoveFromSFDCCampaign",
    "ChangeStatusInSFDCCampaign",
    "ReceiveSalesEmail",
    "InterestingMoment",
    "RequestCampaign",
    "SalesEmailBounced",
    "ChangeLeadPartition",
    "ChangeRevenueStage",
    "ChangeRevenueStageManually",
    "ComputeDataValue",
    "ChangeStatusInProgression",
    "ChangeFieldInProgram",
    "EnrichWithDatacom",
    "ChangeSegment",
    "ResolveRuleset",
    "SmartCampaignTest",
    "SmartCampaignTestTrigger",
]
ComparisonEnum = Literal["EQ", "NE", "LT", "LE", "GT", "GE"]
ForeignSysType = Literal["CUSTOM", "SFDC", "NETSUITE"]
ImportToListModeEnum = Literal["UPSERTLEADS", "LISTONLY"]
ImportToListStatusEnum = Literal["PROCESSING", "COMPLETE", "FAILED", "CANCELED"]
LeadKeyRef = Literal[
    "IDNUM",
    "COOKIE",
    "EMAIL",
    "LEADOWNEREMAIL",
    "SFDCACCOUNTID",
    "SFDCCONTACTID",
    "SFDCLEADID",
    "SFDCLEADOWNERID",
    "SFDCOPPTYID",
]
LeadMergeStatusEnum = Literal["MERGED", "FAILED"]
LeadSyncStatus = Literal["CREATED", "UPDATED", "FAILED"]
ListKeyType = Literal["MKTOLISTNAME", "MKTOSALESUSERID", "SFDCLEADOWNERID"]
ListOperationType = Literal["ADDTOLIST", "ISMEMBEROFLIST", "REMOVEFROMLIST"]
MObjStatusEnum = Literal["CREATED", "UPDATED", "DELETED", "FAILED", "UNCHANGED", "SKIPPED"]
MObjectTypeEnum = Literal["Opportunity", "OpportunityLeadRole", "Program"]
ReqCampSourceType = Literal["MKTOWS", "SALES"]
SyncOperationEnum = Literal["UPSERT", "INSERT", "UPDATE"]
SyncStatusEnum = Literal["CREATED", "UPDATED", "DELETED", "FAILED"]


class ActivityRecord(Message, frozen=True, gc=False):
    id: int | None = None
    activityDateTime: datetime | None = None
    activityType: str | None = None
    mktgAssetName: str | None = None
    activityAttributes: ArrayOfAttribute | None = None
    campaign: str | None = None
    personName: str | None = None
    mktPersonId: str | None = None
    foreignSysId: str | None = None
    orgName: str | None = None
    foreignSysOrgId: str | None = None


class ActivityTypeFilter(Message, frozen=True, gc=False):
    includeTypes: ArrayOfActivityType | None = None
    excludeTypes: ArrayOfActivityType | None = None


class ArrayOfActivityRecord(Message, frozen=True, gc=False):
    activityRecord: tuple[ActivityRecord, ...] = ()


class ArrayOfActivityType(Message, frozen=True, gc=False):
    activityType: tuple[ActivityType, ...] = ()


class ArrayOfAttrib(Message, frozen=True, gc=False):
    attrib: tuple[Attrib, ...] = ()


class ArrayOfAttribute(Message, frozen=True, gc=False):
    attribute: tuple[Attribute, ...] = ()


class ArrayOfBase64Binary(Message, frozen=True, gc=False):
    base64Binary: tuple[bytes, ...] = ()


class ArrayOfCampaignRecord(Message, frozen=True, gc=False):
    campaignRecord: tuple[CampaignRecord, ...] = ()


class ArrayOfCustomObj(Message, frozen=True, gc=False):
    customObj: tuple[CustomObj, ...] = ()


class ArrayOfInteger(Message, frozen=True, gc=False):
    integerItem: tuple[int, ...] = ()


class ArrayOfKeyList(Message, frozen=True, gc=False):
    keyList: tuple[ArrayOfAttribute, ...] = ()


class ArrayOfLeadChangeRecord(Message, frozen=True, gc=False):
    leadChangeRecord: tuple[LeadChangeRecord, ...] = ()


class ArrayOfLeadKey(Message, frozen=True, gc=False):
    leadKey: tuple[LeadKey, ...] = ()


class ArrayOfLeadRecord(Message, frozen=True, gc=False):
    leadRecord: tuple[LeadRecord, ...] = ()


class ArrayOfLeadStatus(Message, frozen=True, gc=False):
    leadStatus: tuple[LeadStatus, ...] = ()


class ArrayOfMObjAssociation(Message, frozen=True, gc=False):
    mObjAssociation: tuple[MObjAssociation, ...] = ()


class ArrayOfMObjCriteria(Message, frozen=True, gc=False):
    mObjCriteria: tuple[MObjCriteria, ...] = ()


class ArrayOfMObjFieldMetadata(Message, frozen=True, gc=False):
    field: tuple[MObjFieldMetadata, ...] = ()


class ArrayOfMObjStatus(Message, frozen=True, gc=False):
    mObjStatus: tuple[MObjStatus, ...] = ()


class ArrayOfMObject(Message, frozen=True, gc=False):
    mObject: tuple[MObject, ...] = ()


class ArrayOfProgressionStatus(Message, frozen=True, gc=False):
    progressionStatusItem: tuple[ProgressionStatus, ...] = ()


class ArrayOfString(Message, frozen=True, gc=False):
    stringItem: tuple[str, ...] = ()


class ArrayOfSyncCustomObjStatus(Message, frozen=True, gc=False):
    syncCustomObjStatus: tuple[SyncCustomObjStatus, ...] = ()


class ArrayOfSyncStatus(Message, frozen=True, gc=False):
    syncStatus: tuple[SyncStatus, ...] = ()


class ArrayOfTag(Message, frozen=True, gc=False):
    tag: tuple[Tag, ...] = ()


class ArrayOfTagStatus(Message, frozen=True, gc=False):
    tagStatus: tuple[TagStatus, ...] = ()


class ArrayOfTypeAttrib(Message, frozen=True, gc=False):
    typeAttrib: tuple[TypeAttrib, ...] = ()


class ArrayOfVersionedItem(Message, frozen=True, gc=False):
    versionedItem: tuple[VersionedItem, ...] = ()


class Attrib(Message, frozen=True, gc=False):
    name: str | None = None
    value: str | None = None


class Attribute(Message, frozen=True, gc=False):
    attrName: str | None = None
    attrType: str | None = None
    attrValue: str | None = None


class AuthenticationHeaderInfo(Message, frozen=True, gc=False):
    mktowsUserId: str | None = None
    requestSignature: str | None = None
    requestTimestamp: str | None = None
    audit: str | None = None
    mode: int | None = None
    partnerId: str | None = None


class CampaignRecord(Message, frozen=True, gc=False):
    id: int | None = None
    name: str | None = None
    description: str | None = None


class CustomObj(Message, frozen=True, gc=False):
    customObjKeyList: ArrayOfAttribute | None = None
    customObjAttributeList: ArrayOfAttribute | None = None


class LeadActivityList(Message, frozen=True, gc=False):
    returnCount: int | None = None
    remainingCount: int | None = None
    newStartPosition: StreamPosition | None = None
    activityRecordList: ArrayOfActivityRecord | None = None


class LeadChangeRecord(Message, frozen=True, gc=False):
    id: int | None = None
    activityDateTime: datetime | None = None
    activityType: str | None = None
    mktgAssetName: str | None = None
    activityAttributes: ArrayOfAttribute | None = None
    campaign: str | None = None
    mktPersonId: str | None = None


class LeadKey(Message, frozen=True, gc=False):
    keyType: str | None = None
    keyValue: str | None = None


class LeadRecord(Message, frozen=True, gc=False):
    Id: int | str | None = None
    Email: str | None = None
    ForeignSysPersonId: str | None = None
    ForeignSysType: str | None = None
    leadAttributeList: ArrayOfAttribute | None = None


class LeadSelector(Message, frozen=True, gc=False):
    pass


class LeadStatus(Message, frozen=True, gc=False):
    leadKey: LeadKey | None = None
    status: bool | None = None


class ListKey(Message, frozen=True, gc=False):
    keyType: ListKeyType | None = None
    keyValue: str | None = None


class MObjAssociation(Message, frozen=True, gc=False):
    mObjType: str | None = None
    id: int | None = None
    externalKey: Attrib | None = None


class MObjCriteria(Message, frozen=True, gc=False):
    attrName: str | None = None
    comparison: ComparisonEnum | None = None
    attrValue: str | None = None


class MObjFieldMetadata(Message, frozen=True, gc=False):
    name: str | None = None
    description: str | None = None
    displayName: str | None = None
    sourceObject: str | None = None
    dataType: str | None = None
    size: int | None = None
    isReadonly: bool | None = None
    isUpdateBlocked: bool | None = None
    isName: bool | None = None
    isPrimaryKey: bool | None = None
    isCustom: bool | None = None
    isDynamic: bool | None = None
    dynamicFieldRef: str | None = None
    updatedAt: datetime | None = None


class MObjStatus(Message, frozen=True, gc=False):
    id: int | None = None
    externalKey: Attrib | None = None
    status: MObjStatusEnum | None = None
    error: str | None = None


class MObject(Message, frozen=True, gc=False):
    type: str | None = None
    id: int | None = None
    externalKey: Attrib | None = None
    createdAt: datetime | None = None
    updatedAt: datetime | None = None
    attribList: ArrayOfAttrib | None = None
    typeAttribList: ArrayOfTypeAttrib | None = None
    associationList: ArrayOfMObjAssociation | None = None


class MObjectMetadata(Message, frozen=True, gc=False):
    name: str | None = None
    description: str | None = None
    isCustom: bool | None = None
    isVirtual: bool | None = None
    fieldList: ArrayOfMObjFieldMetadata | None = None
    updatedAt: datetime | None = None


class MergeStatus(Message, frozen=True, gc=False):
    winningLeadId: int | None = None
    losingLeadIdList: ArrayOfInteger | None = None
    status: LeadMergeStatusEnum | None = None
    error: str | None = None


class MktowsContextHeaderInfo(Message, frozen=True, gc=False):
    targetWorkspace: str | None = None


class ParamsDeleteCustomObjects(Message, frozen=True, gc=False):
    objTypeName: str | None = None
    customObjKeyLists: ArrayOfKeyList | None = None


class ParamsDeleteMObjects(Message, frozen=True, gc=False):
    mObjectList: ArrayOfMObject | None = None


class ParamsDescribeMObject(Message, frozen=True, gc=False):
    objectName: str | None = None


class ParamsGetCampaignsForSource(Message, frozen=True, gc=False):
    source: ReqCampSourceType | None = None
    name: str | None = None
    exactName: bool | None = None


class ParamsGetChannels(Message, frozen=True, gc=False):
    tag: Tag | None = None


class ParamsGetCustomObjects(Message, frozen=True, gc=False):
    objTypeName: str | None = None
    streamPosition: str | None = None
    batchSize: int | None = None
    customObjKeyList: ArrayOfAttribute | None = None
    includeAttributes: ArrayOfString | None = None


class ParamsGetImportToListStatus(Message, frozen=True, gc=False):
    programName: str | None = None
    listName: str | None = None


class ParamsGetLead(Message, frozen=True, gc=False):
    leadKey: LeadKey | None = None


class ParamsGetLeadActivity(Message, frozen=True, gc=False):
    leadKey: LeadKey | None = None
    activityFilter: ActivityTypeFilter | None = None
    startPosition: StreamPosition | None = None
    batchSize: int | None = None


class ParamsGetLeadChanges(Message, frozen=True, gc=False):
    startPosition: StreamPosition | None = None
    activityFilter: ActivityTypeFilter | None = None
    activityNameFilter: ArrayOfString | None = None
    batchSize: int | None = None
    leadSelector: LeadSelector | None = None


class ParamsGetMObjects(Message, frozen=True, gc=False):
    type: str | None = None
    id: int | None = None
    externalKey: Attrib | None = None
    mObjCriteriaList: ArrayOfMObjCriteria | None = None
    mObjAssociationList: ArrayOfMObjAssociation | None = None
    includeDetails: bool | None = None
    streamPosition: str | None = None


class ParamsGetMultipleLeads(Message, frozen=True, gc=False):
    leadSelector: LeadSelector | None = None
    lastUpdatedAt: datetime | None = None
    streamPosition: str | None = None
    batchSize: int | None = None
    includeAttributes: ArrayOfString | None = None


class ParamsGetTags(Message, frozen=True, gc=False):
    tagList: ArrayOfTag | None = None


class ParamsImportToList(Message, frozen=True, gc=False):
    programName: str | None = None
    importFileHeader: str | None = None
    importFileRows: ArrayOfString | None = None
    importListMode: ImportToListModeEnum | None = None
    listName: str | None = None
    clearList: bool | None = None
    campaignName: str | None = None


class ParamsListMObjects(Message, frozen=True, gc=False):
    pass


class ParamsListOperation(Message, frozen=True, gc=False):
    listOperation: ListOperationType | None = None
    listKey: ListKey | None = None
    listMemberList: ArrayOfLeadKey | None = None
    strict: bool | None = None


class ParamsMergeLeads(Message, frozen=True, gc=False):
    winningLeadKeyList: ArrayOfAttribute | None = None
    losingLeadKeyLists: ArrayOfKeyList | None = None
    mergeInSales: bool | None = None


class ParamsRequestCampaign(Message, frozen=True, gc=False):
    source: ReqCampSourceType | None = None
    campaignId: int | None = None
    leadList: ArrayOfLeadKey | None = None
    programName: str | None = None
    campaignName: str | None = None
    programTokenList: ArrayOfAttrib | None = None


class ParamsScheduleCampaign(Message, frozen=True, gc=False):
    programName: str | None = None
    campaignName: str | None = None
    campaignRunAt: datetime | None = None
    cloneToProgramName: str | None = None
    programTokenList: ArrayOfAttrib | None = None


class ParamsSyncCustomObjects(Message, frozen=True, gc=False):
    objTypeName: str | None = None
    customObjList: ArrayOfCustomObj | None = None
    operation: SyncOperationEnum | None = None


class ParamsSyncLead(Message, frozen=True, gc=False):
    leadRecord: LeadRecord | None = None
    returnLead: bool | None = None
    marketoCookie: str | None = None


class ParamsSyncMObjects(Message, frozen=True, gc=False):
    mObjectList: ArrayOfMObject | None = None
    operation: SyncOperationEnum | None = None


class ParamsSyncMultipleLeads(Message, frozen=True, gc=False):
    leadRecordList: ArrayOfLeadRecord | None = None
    dedupEnabled: bool | None = None


class ProgressionStatus(Message, frozen=True, gc=False):
    progressionStatus: ArrayOfAttrib | None = None


class ResultDeleteCustomObjects(Message, frozen=True, gc=False):
    deleteCustomObjStatusList: ArrayOfSyncCustomObjStatus | None = None


class ResultDeleteMObjects(Message, frozen=True, gc=False):
    mObjStatusList: ArrayOfMObjStatus | None = None


class ResultDescribeMObject(Message, frozen=True, gc=False):
    metadata: MObjectMetadata | None = None


class ResultGetCampaignsForSource(Message, frozen=True, gc=False):
    returnCount: int | None = None
    campaignRecordList: ArrayOfCampaignRecord | None = None


class ResultGetChannels(Message, frozen=True, gc=False):
    tags: ArrayOfTagStatus | None = None


class ResultGetCustomObjects(Message, frozen=True, gc=False):
    objTypeName: str | None = None
    returnCount: int | None = None
    remainingCount: int | None = None
    newStreamPosition: str | None = None
    customObjList: ArrayOfCustomObj | None = None


class ResultGetImportToListStatus(Message, frozen=True, gc=False):
    status: ImportToListStatusEnum | None = None
    startedTime: datetime | None = None
    endedTime: datetime | None = None
    estimatedTime: int | None = None
    estimatedRows: int | None = None
    rowsImported: int | None = None
    rowsFailed: int | None = None
    rowsIgnored: int | None = None
    importSummary: str | None = None


class ResultGetLead(Message, frozen=True, gc=False):
    count: int | None = None
    leadRecordList: ArrayOfLeadRecord | None = None


class ResultGetLeadChanges(Message, frozen=True, gc=False):
    returnCount: int | None = None
    remainingCount: int | None = None
    newStartPosition: StreamPosition | None = None
    leadChangeRecordList: ArrayOfLeadChangeRecord | None = None


class ResultGetMObjects(Message, frozen=True, gc=False):
    returnCount: int | None = None
    hasMore: bool | None = None
    newStreamPosition: str | None = None
    mObjectList: ArrayOfMObject | None = None


class ResultGetMultipleLeads(Message, frozen=True, gc=False):
    returnCount: int | None = None
    remainingCount: int | None = None
    newStreamPosition: str | None = None
    leadRecordList: ArrayOfLeadRecord | None = None


class ResultGetTags(Message, frozen=True, gc=False):
    tagList: ArrayOfTag | None = None


class ResultImportToList(Message, frozen=True, gc=False):
    importStatus: ImportToListStatusEnum | None = None


class ResultListMObjects(Message, frozen=True, gc=False):
    objects: tuple[str, ...] = ()


class ResultListOperation(Message, frozen=True, gc=False):
    success: bool | None = None
    statusList: ArrayOfLeadStatus | None = None


class ResultMergeLeads(Message, frozen=True, gc=False):
    mergeStatus: MergeStatus | None = None


class ResultRequestCampaign(Message, frozen=True, gc=False):
    success: bool | None = None


class ResultScheduleCampaign(Message, frozen=True, gc=False):
    success: bool | None = None


class ResultSyncCustomObjects(Message, frozen=True, gc=False):
    syncCustomObjStatusList: ArrayOfSyncCustomObjStatus | None = None


class ResultSyncLead(Message, frozen=True, gc=False):
    leadId: int | None = None
    syncStatus: SyncStatus | None = None
    leadRecord: LeadRecord | None = None


class ResultSyncMObjects(Message, frozen=True, gc=False):
    mObjStatusList: ArrayOfMObjStatus | None = None


class ResultSyncMultipleLeads(Message, frozen=True, gc=False):
    syncStatusList: ArrayOfSyncStatus | None = None


class StreamPosition(Message, frozen=True, gc=False):
    latestCreatedAt: datetime | None = None
    oldestCreatedAt: datetime | None = None
    activityCreatedAt: datetime | None = None
    offset: str | None = None


class SuccessDeleteCustomObjects(Message, frozen=True, gc=False):
    result: ResultDeleteCustomObjects | None = None


class SuccessDeleteMObjects(Message, frozen=True, gc=False):
    result: ResultDeleteMObjects | None = None


class SuccessDescribeMObject(Message, frozen=True, gc=False):
    result: ResultDescribeMObject | None = None


class SuccessGetCampaignsForSource(Message, frozen=True, gc=False):
    result: ResultGetCampaignsForSource | None = None


class SuccessGetChannels(Message, frozen=True, gc=False):
    result: ResultGetChannels | None = None


class SuccessGetCustomObjects(Message, frozen=True, gc=False):
    result: ResultGetCustomObjects | None = None


class SuccessGetImportToListStatus(Message, frozen=True, gc=False):
    result: ResultGetImportToListStatus | None = None


class SuccessGetLead(Message, frozen=True, gc=False):
    result: ResultGetLead | None = None


class SuccessGetLeadActivity(Message, frozen=True, gc=False):
    leadActivityList: LeadActivityList | None = None


class SuccessGetLeadChanges(Message, frozen=True, gc=False):
    result: ResultGetLeadChanges | None = None


class SuccessGetMObjects(Message, frozen=True, gc=False):
    result: ResultGetMObjects | None = None


class SuccessGetMultipleLeads(Message, frozen=True, gc=False):
    result: ResultGetMultipleLeads | None = None


class SuccessGetTags(Message, frozen=True, gc=False):
    result: ResultGetTags | None = None


class SuccessImportToList(Message, frozen=True, gc=False):
    result: ResultImportToList | None = None


class SuccessListMObjects(Message, frozen=True, gc=False):
    result: ResultListMObjects | None = None


class SuccessListOperation(Message, frozen=True, gc=False):
    result: ResultListOperation | None = None


class SuccessMergeLeads(Message, frozen=True, gc=False):
    result: ResultMergeLeads | None = None


class SuccessRequestCampaign(Message, frozen=True, gc=False):
    result: ResultRequestCampaign | None = None


class SuccessScheduleCampaign(Message, frozen=True, gc=False):
    result: ResultScheduleCampaign | None = None


class SuccessSyncCustomObjects(Message, frozen=True, gc=False):
    result: ResultSyncCustomObjects | None = None


class SuccessSyncLead(Message, frozen=True, gc=False):
    result: ResultSyncLead | None = None


class SuccessSyncMObjects(Message, frozen=True, gc=False):
    result: ResultSyncMObjects | None = None


class SuccessSyncMultipleLeads(Message, frozen=True, gc=False):
    result: ResultSyncMultipleLeads | None = None


class SyncCustomObjStatus(Message, frozen=True, gc=False):
    objTypeName: str | None = None
    customObjKeyList: ArrayOfAttribute | None = None
    status: SyncStatusEnum | None = None
    error: str | None = None


class SyncStatus(Message, frozen=True, gc=False):
    leadId: int | None = None
    status: LeadSyncStatus | None = None
    error: str | None = None


class Tag(Message, frozen=True, gc=False):
    type: str | None = None
    values: ArrayOfString | None = None


class TagStatus(Message, frozen=True, gc=False):
    tagValue: str | None = None
    statusList: ArrayOfProgressionStatus | None = None


class TypeAttrib(Message, frozen=True, gc=False):
    attrType: str | None = None
    attrList: ArrayOfAttrib | None = None


class VersionedItem(Message, frozen=True, gc=False):
    id: int | None = None
    name: str | None = None
    type: str | None = None
    description: str | None = None
    timestamp: datetime | None = None


class LastUpdateAtSelector(LeadSelector, frozen=True, gc=False):
    latestUpdatedAt: datetime | None = None
    oldestUpdatedAt: datetime | None = None


class LeadKeySelector(LeadSelector, frozen=True, gc=False):
    keyType: LeadKeyRef | None = None
    keyValues: ArrayOfString | None = None


class StaticListSelector(LeadSelector, frozen=True, gc=False):
    staticListName: str | None = None
    staticListId: int | None = None
